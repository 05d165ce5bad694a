package main

import (
	"flag"
	"io"
	"os"
	"time"
)

// idle: both sides of many conversations, connected and joined, until standard input ends.
func idle(options *flag.FlagSet, arguments []string) (Figures, error) {
	target := targetOptions(options)
	connections := options.Int("connections", 3000, "how many connections")
	skip := options.Int("skip", 0, "conversations to leave to others")
	after := options.Int("after", 0, "join behind this sequence, as an app does that comes back")
	if err := options.Parse(arguments); err != nil {
		return nil, err
	}
	talks, err := readTalks(target.talks, *skip+(*connections+1)/2)
	if err != nil {
		return nil, err
	}
	talks = talks[*skip:]
	sockets := make([]*Socket, *connections)
	lost := make(chan error, *connections)
	err = together(*connections, 64, func(number int) error {
		talk := talks[number/2]
		socket, err := Connect(target.url(number), talk.Tokens[number%2])
		if err != nil {
			return err
		}
		if _, err := join(socket, talk.ConversationID, *after); err != nil {
			return err
		}
		sockets[number] = socket
		go socket.answerPings(lost)
		return nil
	})
	if err != nil {
		return nil, err
	}
	say(Figures{"ready": true})
	if _, err := io.Copy(io.Discard, os.Stdin); err != nil {
		return nil, err
	}
	figures := Figures{"connections": *connections, "lost": len(lost)}
	for _, socket := range sockets {
		socket.Close()
	}
	return figures, nil
}

// answerPings reads until the connection ends, and says why it did.
func (socket *Socket) answerPings(lost chan<- error) {
	for {
		if _, err := socket.Next(); err != nil {
			lost <- err
			return
		}
	}
}

// connect: opens connections, so many at a time, until each has its token accepted.
func connect(options *flag.FlagSet, arguments []string) (Figures, error) {
	target := targetOptions(options)
	connections := options.Int("connections", 3000, "how many connections")
	atATime := options.Int("at-a-time", 64, "handshakes under way")
	if err := options.Parse(arguments); err != nil {
		return nil, err
	}
	talks, err := readTalks(target.talks, (*connections+1)/2)
	if err != nil {
		return nil, err
	}
	var took Latencies
	sockets := make([]*Socket, *connections)
	cpu, began := usedCPU(), time.Now()
	err = together(*connections, *atATime, func(number int) error {
		started := time.Now()
		socket, err := Connect(target.url(number), talks[number/2].Tokens[number%2])
		sockets[number] = socket
		took.Add(time.Since(started))
		return err
	})
	elapsed := time.Since(began).Seconds()
	for _, socket := range sockets {
		if socket != nil {
			socket.Close()
		}
	}
	return Figures{
		"connections_per_s": float64(*connections) / elapsed,
		"handshake_ms":      took.Milliseconds(),
		"generator_cores":   (usedCPU() - cpu) / elapsed,
	}, err
}
