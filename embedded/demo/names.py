"""Names of companies and persons, made of words that are common in the United States."""

from random import Random


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


FIRST_NAMES = _words(
    """James Mary Robert Patricia John Jennifer Michael Linda David Elizabeth William Barbara
    Richard Susan Joseph Jessica Thomas Karen Carlos Sarah Daniel Lisa Mateo Nancy Anthony Sofia
    Luis Ashley Steven Kimberly Andrew Emily Paul Donna Joshua Michelle Kenneth Carol Kevin Amanda
    Jorge Melissa Timothy Deborah Marcus Stephanie Jason Rebecca Jeffrey Laura Ryan Helen Diego
    Wei Priya Minh Aisha Hiroshi Fatima Andre Keisha Omar Grace Victor Camila Ethan Naomi"""
)

SURNAMES = _words(
    """Smith Johnson Williams Brown Jones Garcia Miller Davis Rodriguez Martinez Hernandez Lopez
    Gonzalez Wilson Anderson Thomas Taylor Moore Jackson Martin Lee Perez Thompson White Harris
    Sanchez Clark Ramirez Lewis Robinson Walker Young Allen King Wright Scott Torres Nguyen Hill
    Flores Green Adams Nelson Baker Hall Rivera Campbell Mitchell Carter Roberts Gomez Phillips
    Evans Turner Diaz Parker Cruz Edwards Collins Reyes Stewart Morris Morales Murphy Cook Rogers
    Gutierrez Ortiz Morgan Cooper Peterson Bailey Reed Kelly Howard Ramos Kim Cox Ward Richardson
    Watson Brooks Chavez Wood Bennett Gray Mendoza Ruiz Hughes Price Alvarez Castillo Sanders Patel
    Myers Long Ross Foster Jimenez Powell Okafor Kowalski Schmidt Larsen Rossi Tran Singh"""
)

ADJECTIVES = _words(
    """Blue Golden Silver Red White Green First Bright Clear Evergreen Granite Copper Iron Prairie
    Coastal Summit Heritage Liberty Pioneer Northern Southern Western Eastern Reliable Honest
    Precision Premier Pinnacle Keystone Cornerstone Riverside Hillside Lakeside Sunrise"""
)

NOUNS = _words(
    """Spruce Oak Maple Cedar Willow Falcon Eagle Heron Fox Bear Bison Mesa Ridge Creek River Valley
    Canyon Harbor Anchor Lantern Compass Star Bridge Arch Stone Brook Meadow Field Crest Peak
    Horizon"""
)

# The words for each category's trade in company names.
TRADES = {
    "catering": ("Catering", "Kitchen", "Banquets", "Events & Catering", "Provisions"),
    "cleaning": ("Cleaning", "Cleaning Services", "Janitorial", "Home Care", "Maids"),
    "electrical": ("Electric", "Electrical", "Electrical Contractors", "Power & Light", "Wiring"),
    "event_photography": ("Photography", "Photo", "Studios", "Photo & Film", "Images"),
    "hvac": ("Heating & Air", "Heating & Cooling", "Mechanical", "Comfort Systems", "HVAC"),
    "landscaping": ("Landscaping", "Lawn & Garden", "Outdoor", "Tree & Turf", "Gardens"),
    "moving": ("Moving", "Movers", "Moving & Storage", "Relocation", "Van Lines"),
    "painting": ("Painting", "Painters", "Painting Co.", "Coatings", "Color & Finish"),
    "plumbing": ("Plumbing", "Plumbing & Drain", "Plumbing Services", "Pipe Works", "Rooter"),
    "roofing": ("Roofing", "Roofing & Siding", "Roof Works", "Exteriors", "Roofing Contractors"),
}

_ENDINGS = ("", "", "", " Co.", " LLC", " Inc.", " Group")


def person(random: Random) -> str:
    """A first name and a surname."""
    return f"{random.choice(FIRST_NAMES)} {random.choice(SURNAMES)}"


def company(random: Random, category: str, city: str) -> str:
    """The name of a company of this trade in this city."""
    trade = random.choice(TRADES[category])
    owner = random.choice(SURNAMES)
    stem = random.choice(
        (
            owner,
            f"{owner} & Sons",
            f"{owner} Family",
            f"{owner} & {random.choice(SURNAMES)}",
            f"{random.choice(ADJECTIVES)} {random.choice(NOUNS)}",
            f"{random.choice(ADJECTIVES)} {random.choice(NOUNS)}",
            city,
            f"Greater {city}",
        )
    )
    ending = "" if trade.endswith(".") else random.choice(_ENDINGS)
    return f"{stem} {trade}{ending}"
