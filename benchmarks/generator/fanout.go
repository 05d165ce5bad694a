package main

import (
	"bytes"
	"flag"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// sampledEvery is which of the connections note how long a push took.
const sampledEvery = 10

// fanOut: one conversation with many connections of both sides. The next message is sent when all
// members together have got enough pushes, so that deliveries are what limits, and never more than
// `window` messages are on their way.
func fanOut(options *flag.FlagSet, arguments []string) (Figures, error) {
	target := targetOptions(options)
	connections := options.Int("connections", 1000, "members of the room")
	window := options.Int("window", 16, "messages on their way")
	warmUp := options.Duration("warm-up", 2*time.Second, "not measured")
	length := options.Duration("length", 5*time.Second, "measured")
	if err := options.Parse(arguments); err != nil {
		return nil, err
	}
	talks, err := readTalks(target.talks, 1)
	if err != nil {
		return nil, err
	}
	load := &fanOutLoad{
		run:     newRun(),
		members: make([]*Socket, *connections),
		// At 1,000 messages a second this is more than any gateway sends.
		sentAt: make([]atomic.Int64, 20_000*int((*warmUp+*length)/time.Second+2)),
		may:    make(chan struct{}, *window),
	}
	err = together(*connections, 32, func(number int) error {
		socket, err := Connect(target.url(number), talks[0].Tokens[number%2])
		if err != nil {
			return err
		}
		if _, err := join(socket, talks[0].ConversationID, 0); err != nil {
			return err
		}
		load.members[number] = socket
		load.readers.Add(1)
		go load.read(socket, number%sampledEvery == 0)
		return nil
	})
	if err != nil {
		return nil, err
	}
	for range *window {
		load.may <- struct{}{}
	}
	began := usedCPU()
	measured := NewWindow(*warmUp, *length)
	load.window.Store(&measured)
	figures, err := load.measure(NewMessage(talks[0].ConversationID, load.run))
	if err == nil {
		figures["generator_cores"] = (usedCPU() - began) / time.Since(measured.start).Seconds()
	}
	return figures, err
}

type fanOutLoad struct {
	run     string
	members []*Socket
	readers sync.WaitGroup // from the join on, since pings want an answer
	window  atomic.Pointer[Window]
	sentAt  []atomic.Int64 // by counter, in nanoseconds
	may     chan struct{}

	sent      int
	refused   atomic.Int64
	delivered atomic.Int64
	counted   atomic.Int64
	took      Latencies
	failure   atomic.Value
	isEnding  atomic.Bool
}

func (load *fanOutLoad) measure(message *Message) (Figures, error) {
	ended := time.After(time.Until(load.window.Load().end))
	if err := load.send(message, ended); err != nil {
		return nil, fmt.Errorf("the sender: %w; first of all: %v", err, load.failure.Load())
	}
	expected := int64(load.sent * len(load.members))
	isComplete := eventually(30*time.Second, func() bool {
		return load.failure.Load() != nil || load.delivered.Load() >= expected
	})
	load.isEnding.Store(true)
	for _, socket := range load.members {
		socket.Close()
	}
	load.readers.Wait()
	if failure := load.failure.Load(); failure != nil {
		return nil, fmt.Errorf("a connection ended: %s", failure)
	}
	return Figures{
		"deliveries_per_s":      float64(load.counted.Load()) / load.window.Load().Seconds(),
		"push_ms":               load.took.Milliseconds(),
		"sent":                  load.sent,
		"refused":               load.refused.Load(),
		"pushes":                load.delivered.Load(),
		"pushes_expected":       expected,
		"all_delivered_in_time": isComplete,
	}, nil
}

func (load *fanOutLoad) send(message *Message, ended <-chan time.Time) error {
	for {
		select {
		case <-ended:
			return nil
		case <-load.may:
			load.sent++
			load.sentAt[load.sent].Store(time.Now().UnixNano())
			if err := load.members[0].Send(message.Packet(load.sent, load.sent)); err != nil {
				return err
			}
		}
	}
}

func (load *fanOutLoad) read(socket *Socket, isSampled bool) {
	defer load.readers.Done()
	if err := load.count(socket, isSampled); err != nil && !load.isEnding.Load() {
		load.failure.CompareAndSwap(nil, err.Error())
	}
}

func (load *fanOutLoad) count(socket *Socket, isSampled bool) error {
	took := make([]time.Duration, 0, 1024)
	defer func() { load.took.Add(took...) }()
	everybody := int64(len(load.members))
	for {
		packet, err := socket.Next()
		if err != nil {
			return err
		}
		kind, _, rest := Split(packet)
		if kind == kindAcknowledgement && !bytes.HasPrefix(rest, acknowledged) {
			load.refused.Add(1)
			return fmt.Errorf("refused: %s", Code(rest))
		}
		if kind != kindEvent || !bytes.HasPrefix(rest, messageSent) {
			continue
		}
		now := time.Now()
		if load.window.Load().Has(now) {
			load.counted.Add(1)
			if isSampled {
				sentAt := load.sentAt[Counter(rest, load.run)].Load()
				took = append(took, time.Duration(now.UnixNano()-sentAt))
			}
		}
		if load.delivered.Add(1)%everybody == 0 {
			load.may <- struct{}{}
		}
	}
}
