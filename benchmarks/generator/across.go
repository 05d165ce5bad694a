package main

import (
	"bytes"
	"flag"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"time"
)

// across: through the entry, which spreads connections over the gateways; messages at a fixed rate,
// and the time from a send to its push at the other side, within one gateway and between two.
func across(options *flag.FlagSet, arguments []string) (Figures, error) {
	target := targetOptions(options)
	conversations := options.Int("conversations", 40, "how many conversations")
	rate := options.Int("rate", 200, "messages a second")
	warmUp := options.Duration("warm-up", 2*time.Second, "not measured")
	length := options.Duration("length", 5*time.Second, "measured")
	if err := options.Parse(arguments); err != nil {
		return nil, err
	}
	talks, err := readTalks(target.talks, *conversations)
	if err != nil {
		return nil, err
	}
	pairs, err := spread(target, talks, (*rate)*int((*warmUp+*length)/time.Second+1))
	if err != nil {
		return nil, err
	}
	window := NewWindow(*warmUp, *length)
	within, between := &Latencies{}, &Latencies{}
	var failure atomic.Value
	for _, each := range pairs {
		took := within
		if each.isBetween() {
			took = between
		}
		go each.read(window, took, &failure)
	}
	ticker := time.NewTicker(time.Second / time.Duration(*rate))
	defer ticker.Stop()
	sent := 0
	for ; time.Now().Before(window.end); <-ticker.C {
		if err := pairs[sent%len(pairs)].send(); err != nil {
			return nil, err
		}
		sent++
	}
	isComplete := eventually(10*time.Second, func() bool {
		received := 0
		for _, each := range pairs {
			received += int(each.received.Load())
		}
		return received == sent || failure.Load() != nil
	})
	if why := failure.Load(); why != nil {
		return nil, fmt.Errorf("a connection ended: %s", why)
	}
	return Figures{
		"within_ms": within.Milliseconds(), "between_ms": between.Milliseconds(),
		"sent": sent, "all_delivered_in_time": isComplete,
	}, nil
}

type pair struct {
	run      string
	sockets  [2]*Socket
	message  *Message
	sentAt   []atomic.Int64
	sent     int
	received atomic.Int64
}

func (each *pair) isBetween() bool {
	return each.sockets[customer].Gateway() != each.sockets[vendor].Gateway()
}

// spread connects all sides in random order, so that about half of the conversations have both on
// one gateway.
func spread(target *target, talks []Talk, most int) ([]*pair, error) {
	pairs := make([]*pair, len(talks))
	for number, talk := range talks {
		run := newRun()
		pairs[number] = &pair{
			run: run, message: NewMessage(talk.ConversationID, run), sentAt: make([]atomic.Int64, most),
		}
	}
	for _, at := range rand.Perm(2 * len(talks)) {
		number, side := at/2, at%2
		socket, err := Connect(target.url(0), talks[number].Tokens[side])
		if err != nil {
			return nil, err
		}
		if _, err := join(socket, talks[number].ConversationID, 0); err != nil {
			return nil, err
		}
		pairs[number].sockets[side] = socket
	}
	return pairs, nil
}

func (each *pair) send() error {
	each.sent++
	each.sentAt[each.sent].Store(time.Now().UnixNano())
	return each.sockets[customer].Send(each.message.Packet(each.sent, each.sent))
}

func (each *pair) read(window Window, took *Latencies, failure *atomic.Value) {
	go func() { // acknowledgements and the sender's own pushes
		for {
			if _, err := each.sockets[customer].Next(); err != nil {
				failure.CompareAndSwap(nil, err.Error())
				return
			}
		}
	}()
	for {
		packet, err := each.sockets[vendor].Next()
		if err != nil {
			failure.CompareAndSwap(nil, err.Error())
			return
		}
		kind, _, rest := Split(packet)
		if kind != kindEvent || !bytes.HasPrefix(rest, messageSent) {
			continue
		}
		now := time.Now()
		if window.Has(now) {
			sentAt := each.sentAt[Counter(rest, each.run)].Load()
			took.Add(time.Duration(now.UnixNano() - sentAt))
		}
		each.received.Add(1)
	}
}
