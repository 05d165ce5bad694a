package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"time"
)

// page is what join_conversation and fetch_entries answer.
type page struct {
	OK      bool            `json:"ok"`
	Error   json.RawMessage `json:"error"`
	Head    int             `json:"head"`
	HasMore bool            `json:"has_more"`
	Entries []struct {
		Sequence        int    `json:"sequence"`
		ClientMessageID string `json:"client_message_id"`
	} `json:"entries"`
}

// catchUp joins behind what the client has, and reads page after page to the end.
func (each *client) catchUp(socket *Socket) error {
	name, payload := "join_conversation", map[string]any{"conversation_id": each.talk.talk.ConversationID}
	isFirst := each.first == 0
	for id := joinID; ; id++ {
		if !isFirst || id > joinID {
			payload["after_sequence"] = each.seen()
		}
		answered, err := each.page(socket, id, name, payload)
		if err != nil {
			return err
		}
		if isFirst && id == joinID {
			each.first, each.last = answered.Head, answered.Head
			return nil
		}
		for _, entry := range answered.Entries {
			counter := -1
			if number, isOurs := strings.CutPrefix(entry.ClientMessageID, each.herd.run+"-"); isOurs {
				counter, _ = strconv.Atoi(number)
			}
			each.take(entry.Sequence, counter)
		}
		if !answered.HasMore {
			return nil
		}
		name = "fetch_entries"
	}
}

// page calls, and hears the pushes that come before the acknowledgement.
func (each *client) page(socket *Socket, id int, name string, payload any) (*page, error) {
	data, err := json.Marshal([]any{name, payload})
	if err != nil {
		return nil, err
	}
	if err := socket.Send(append([]byte("42"+strconv.Itoa(id)), data...)); err != nil {
		return nil, err
	}
	for {
		packet, err := socket.Next()
		if err != nil {
			return nil, err
		}
		kind, answeredID, rest := Split(packet)
		if kind != kindAcknowledgement || answeredID != id {
			each.hear(kind, rest)
			continue
		}
		var answers []page
		if err := json.Unmarshal(rest, &answers); err != nil || len(answers) != 1 {
			return nil, fmt.Errorf("%s: unexpected %.80q", name, rest)
		}
		if !answers[0].OK {
			return nil, fmt.Errorf("%s: %s", name, answers[0].Error)
		}
		return &answers[0], nil
	}
}

func (each *client) hear(kind byte, rest []byte) {
	if kind == kindEvent && bytes.HasPrefix(rest, messageSent) {
		each.take(Sequence(rest), Counter(rest, each.herd.run))
	}
}

// take puts an entry into the view: the next one, or one to keep until those before it are there.
func (each *client) take(sequence, counter int) {
	each.mutex.Lock()
	defer each.mutex.Unlock()
	if _, isKept := each.early[sequence]; isKept || sequence <= each.last {
		each.again++
		return
	}
	if each.early == nil {
		each.early = map[int]int{}
	}
	each.early[sequence] = counter
	for {
		next, isThere := each.early[each.last+1]
		if !isThere {
			return
		}
		each.last++
		delete(each.early, each.last)
		each.view = append(each.view, next)
	}
}

// sender sends a message again and again until it is acknowledged, then the next one.
type sender struct {
	client  *client
	message *Message

	mutex        sync.Mutex
	socket       *Socket // nil while away
	counter      int     // of the message in hand
	isBusy       bool    // it is not acknowledged yet
	sentAt       time.Time
	acknowledged map[int]int // counter → sequence
	highest      int
}

// sendAgainAfter is for a message that was refused for the moment.
const sendAgainAfter = 3 * time.Second

func newSender(client *client, conversationID, run string, every time.Duration) *sender {
	made := &sender{client: client, message: NewMessage(conversationID, run), acknowledged: map[int]int{}}
	go func() {
		time.Sleep(time.Duration(rand.Float64() * float64(every)))
		for range time.Tick(every) {
			made.tick()
		}
	}()
	return made
}

func (sender *sender) tick() {
	sender.mutex.Lock()
	defer sender.mutex.Unlock()
	switch {
	case sender.isBusy && time.Since(sender.sentAt) > sendAgainAfter:
		sender.send()
	case !sender.isBusy && sender.socket != nil && !sender.client.herd.isQuiet.Load():
		sender.counter++
		sender.isBusy = true
		sender.send()
	}
}

// resume takes the new connection; what was in hand is sent again under the same id.
func (sender *sender) resume(socket *Socket) {
	sender.mutex.Lock()
	defer sender.mutex.Unlock()
	sender.socket = socket
	if sender.isBusy {
		sender.send()
	}
}

func (sender *sender) pause() {
	sender.mutex.Lock()
	sender.socket = nil
	sender.mutex.Unlock()
}

// send is called with the mutex held. One that fails is sent again after the reconnect.
func (sender *sender) send() {
	if sender.socket == nil {
		return
	}
	sender.sentAt = time.Now()
	_ = sender.socket.Send(sender.message.Packet(messageID+sender.counter, sender.counter))
}

// messageID keeps the ids of messages apart from those of joins and pages.
const messageID = 1000

func (sender *sender) answered(id int, rest []byte) {
	sender.mutex.Lock()
	defer sender.mutex.Unlock()
	counter := id - messageID
	if counter != sender.counter || !bytes.HasPrefix(rest, acknowledged) {
		return
	}
	sequence := Sequence(rest)
	sender.acknowledged[counter] = sequence
	sender.highest = max(sender.highest, sequence)
	sender.isBusy = false
}

func (sender *sender) state() (highest int, isBusy bool) {
	sender.mutex.Lock()
	defer sender.mutex.Unlock()
	return sender.highest, sender.isBusy
}
