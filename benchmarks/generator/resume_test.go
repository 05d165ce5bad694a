package main

import "testing"

// watched is a client that joined at 10 and saw messages 1, 2 and 3 as 11, 12 and 13, and what its
// sender had acknowledged of them.
func watched() (*client, *sender) {
	seen := &client{first: 10, last: 10}
	for counter := 1; counter <= 3; counter++ {
		seen.take(10+counter, counter)
	}
	return seen, &sender{acknowledged: map[int]int{1: 11, 2: 12, 3: 13}}
}

func TestAFaultlessViewHasNoFaults(t *testing.T) {
	seen, sender := watched()
	seen.take(15, 5)
	seen.take(14, 4) // a push overtook a page
	sender.acknowledged[5] = 15
	expect(t, seen, sender, faults{})
}

func TestAnAcknowledgedMessageThatWasNotSeenIsMissing(t *testing.T) {
	seen, sender := watched()
	sender.acknowledged[4] = 14
	expect(t, seen, sender, faults{missing: 1})
}

func TestAMessageUnderAnotherNumberIsMissing(t *testing.T) {
	seen, sender := watched()
	sender.acknowledged[2] = 14
	expect(t, seen, sender, faults{missing: 1})
}

func TestAnEntryThatComesTwiceIsDoubled(t *testing.T) {
	seen, sender := watched()
	seen.take(12, 2)
	expect(t, seen, sender, faults{doubled: 1})
}

func TestAMessageStoredTwiceIsDoubled(t *testing.T) {
	seen, sender := watched()
	seen.take(14, 3)
	expect(t, seen, sender, faults{doubled: 1})
}

func TestMessagesNotInTheirSendersOrderAreDisordered(t *testing.T) {
	seen, sender := watched()
	seen.take(14, 5)
	seen.take(15, 4)
	expect(t, seen, sender, faults{disordered: 1})
}

func TestAHoleIsFound(t *testing.T) {
	seen, sender := watched()
	seen.take(15, 5)
	expect(t, seen, sender, faults{holes: 1})
}

func expect(t *testing.T, seen *client, sender *sender, expected faults) {
	t.Helper()
	var found faults
	seen.judge(sender, &found)
	if found != expected {
		t.Errorf("found %+v, expected %+v", found, expected)
	}
}
