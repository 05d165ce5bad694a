package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// Talk is a seeded conversation with the tokens of its two sides, as `parley seed` writes it.
type Talk struct {
	ConversationID string   `json:"conversation_id"`
	Tokens         []string `json:"tokens"`
}

const (
	customer = 0
	vendor   = 1
	// joinID is the id of the first call on every connection; messages count from the next.
	joinID = 0
)

func readTalks(path string, atLeast int) ([]Talk, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var talks []Talk
	if err := json.Unmarshal(text, &talks); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(talks) < atLeast {
		return nil, fmt.Errorf("%s has %d conversations; %d are needed", path, len(talks), atLeast)
	}
	return talks[:atLeast], nil
}

// newRun names the messages of this run, so that no other run's are counted.
func newRun() string { return "r" + strconv.FormatInt(time.Now().UnixNano(), 36) }

// join enters a conversation and returns the acknowledgement.
func join(socket *Socket, conversationID string, after int) (json.RawMessage, error) {
	payload := map[string]any{"conversation_id": conversationID}
	if after > 0 {
		payload["after_sequence"] = after
	}
	answer, err := socket.Call(joinID, "join_conversation", payload)
	if err != nil {
		return nil, err
	}
	return answer, refusedCall("join_conversation", answer)
}

func refusedCall(name string, answer json.RawMessage) error {
	var outcome struct {
		OK    bool            `json:"ok"`
		Error json.RawMessage `json:"error"`
	}
	if err := json.Unmarshal(answer, &outcome); err != nil {
		return err
	}
	if !outcome.OK {
		return fmt.Errorf("%s: %s", name, outcome.Error)
	}
	return nil
}

// together does work for 0 … count-1, so many at a time, and returns the first error.
func together(count, atATime int, work func(int) error) error {
	var group sync.WaitGroup
	var next atomic.Int64
	errors := make(chan error, atATime)
	for range min(atATime, count) {
		group.Add(1)
		go func() {
			defer group.Done()
			for number := int(next.Add(1)) - 1; number < count; number = int(next.Add(1)) - 1 {
				if err := work(number); err != nil {
					errors <- err
					return
				}
			}
		}()
	}
	group.Wait()
	close(errors)
	return <-errors
}

// eventually waits until something is true, and tells whether it became so in time.
func eventually(within time.Duration, isTrue func() bool) bool {
	for end := time.Now().Add(within); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		if isTrue() {
			return true
		}
	}
	return isTrue()
}
