"""Strict field types: a value has the right JSON type, or it is refused.

marshmallow is lenient by default (it accepts "5" for 5 and "yes" for true). Here types are checked
before anything reaches a query, so that an operator such as `{"$ne": null}` is an error and never a
condition.

    texts.py        what people type: texts, titles, names
    words.py        strings of a fixed form: ids, currencies, closed lists
    numbers.py      whole numbers and booleans
    times.py        points in time
    places.py       GeoJSON points, exact and rounded
    attributes.py   an RFI's further values, by name
"""
