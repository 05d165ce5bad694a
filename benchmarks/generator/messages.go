package main

import (
	"bytes"
	"flag"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// messages: in each conversation the customer keeps so many messages unacknowledged; both sides
// are joined and get the pushes.
func messages(options *flag.FlagSet, arguments []string) (Figures, error) {
	target := targetOptions(options)
	conversations := options.Int("conversations", 50, "how many conversations")
	inFlight := options.Int("in-flight", 4, "messages unacknowledged in each")
	warmUp := options.Duration("warm-up", 2*time.Second, "not measured")
	length := options.Duration("length", 5*time.Second, "measured")
	if err := options.Parse(arguments); err != nil {
		return nil, err
	}
	talks, err := readTalks(target.talks, *conversations)
	if err != nil {
		return nil, err
	}
	load := &messageLoad{run: newRun(), inFlight: *inFlight, talks: make([]*talking, len(talks))}
	err = together(len(talks), 16, func(number int) error {
		made, err := newTalking(load, target.url(number), talks[number])
		load.talks[number] = made
		return err
	})
	if err != nil {
		return nil, err
	}
	began := usedCPU()
	load.window = NewWindow(*warmUp, *length)
	figures, err := load.measure()
	if err == nil {
		figures["generator_cores"] = (usedCPU() - began) / time.Since(load.window.start).Seconds()
	}
	return figures, err
}

type messageLoad struct {
	run      string
	inFlight int
	talks    []*talking
	window   Window

	took     Latencies
	counted  atomic.Int64
	refusal  atomic.Value
	failure  atomic.Value
	isEnding atomic.Bool
}

// talking is one conversation under load. Messages are counted from 1 in the order of sending.
type talking struct {
	load    *messageLoad
	sockets [2]*Socket
	message *Message

	sentAt    []time.Time // by counter
	sequences []int       // by counter, from the acknowledgements
	sent      atomic.Int64
	done      atomic.Int64 // acknowledged or refused
	refused   atomic.Int64
	pushed    [2]atomic.Int64
	late      int // pushes to the vendor that came after a later message's
}

func newTalking(load *messageLoad, url string, talk Talk) (*talking, error) {
	made := &talking{
		load: load, message: NewMessage(talk.ConversationID, load.run),
		sentAt: make([]time.Time, 1), sequences: make([]int, 1),
	}
	for side := range made.sockets {
		socket, err := Connect(url, talk.Tokens[side])
		if err != nil {
			return nil, err
		}
		if _, err := join(socket, talk.ConversationID, 0); err != nil {
			return nil, err
		}
		made.sockets[side] = socket
	}
	return made, nil
}

func (load *messageLoad) measure() (Figures, error) {
	var readers sync.WaitGroup
	for _, each := range load.talks {
		for _, read := range []func() error{each.readCustomer, each.readVendor} {
			readers.Add(1)
			go func() {
				defer readers.Done()
				if err := read(); err != nil && !load.isEnding.Load() {
					load.failure.CompareAndSwap(nil, err.Error())
				}
			}()
		}
	}
	time.Sleep(time.Until(load.window.end))
	isComplete := eventually(30*time.Second, func() bool {
		return load.failure.Load() != nil || load.isSettled()
	})
	load.isEnding.Store(true)
	for _, each := range load.talks {
		each.sockets[customer].Close()
		each.sockets[vendor].Close()
	}
	readers.Wait()
	if failure := load.failure.Load(); failure != nil {
		return nil, fmt.Errorf("a connection ended: %s", failure)
	}
	return load.figures(isComplete), nil
}

// isSettled tells whether every message is answered and its pushes are with both sides.
func (load *messageLoad) isSettled() bool {
	for _, each := range load.talks {
		sent := each.sent.Load()
		stored := sent - each.refused.Load()
		if each.done.Load() < sent || each.pushed[customer].Load() < stored || each.pushed[vendor].Load() < stored {
			return false
		}
	}
	return true
}

func (load *messageLoad) figures(isComplete bool) Figures {
	var sent, refused, pushed, late, disordered int64
	for _, each := range load.talks {
		sent += each.sent.Load()
		refused += each.refused.Load()
		pushed += each.pushed[customer].Load() + each.pushed[vendor].Load()
		late += int64(each.late)
		highest := 0
		for _, sequence := range each.sequences {
			if sequence < highest {
				disordered++
			}
			highest = max(highest, sequence)
		}
	}
	figures := Figures{
		"acknowledged_per_s":       float64(load.counted.Load()) / load.window.Seconds(),
		"acknowledgement_ms":       load.took.Milliseconds(),
		"sent":                     sent,
		"refused":                  refused,
		"pushes":                   pushed,
		"pushes_expected":          2 * (sent - refused),
		"arrived_out_of_order":     late,
		"numbered_out_of_order":    disordered,
		"all_acknowledged_in_time": isComplete,
	}
	if refusal := load.refusal.Load(); refusal != nil {
		figures["refusal"] = refusal
	}
	return figures
}

func (each *talking) readCustomer() error {
	for range each.load.inFlight {
		if err := each.send(); err != nil {
			return err
		}
	}
	took := make([]time.Duration, 0, 4096)
	defer func() { each.load.took.Add(took...) }()
	for {
		packet, err := each.sockets[customer].Next()
		if err != nil {
			return err
		}
		kind, id, rest := Split(packet)
		switch {
		case kind == kindEvent && bytes.HasPrefix(rest, messageSent):
			each.pushed[customer].Add(1)
		case kind == kindAcknowledgement:
			now := time.Now()
			if bytes.HasPrefix(rest, acknowledged) {
				each.sequences[id] = Sequence(rest)
				if each.load.window.Has(now) {
					each.load.counted.Add(1)
					took = append(took, now.Sub(each.sentAt[id]))
				}
			} else {
				each.refused.Add(1)
				each.load.refusal.Store(Code(rest))
			}
			if now.Before(each.load.window.end) {
				if err := each.send(); err != nil {
					return err
				}
			}
			each.done.Add(1)
		}
	}
}

func (each *talking) readVendor() error {
	highest := 0
	for {
		packet, err := each.sockets[vendor].Next()
		if err != nil {
			return err
		}
		kind, _, rest := Split(packet)
		if kind == kindEvent && bytes.HasPrefix(rest, messageSent) {
			counter := Counter(rest, each.load.run)
			if counter < highest {
				each.late++
			}
			highest = max(highest, counter)
			each.pushed[vendor].Add(1)
		}
	}
}

func (each *talking) send() error {
	counter := len(each.sentAt)
	each.sentAt = append(each.sentAt, time.Now())
	each.sequences = append(each.sequences, 0)
	each.sent.Store(int64(counter))
	return each.sockets[customer].Send(each.message.Packet(counter, counter))
}
