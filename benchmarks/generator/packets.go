package main

import (
	"bytes"
	"strconv"
)

// Kinds of Socket.IO packets.
const (
	kindEvent           = '2'
	kindAcknowledgement = '3'
)

var (
	sequenceKey  = []byte(`"sequence":`)
	clientIDKey  = []byte(`"client_message_id":"`)
	messageSent  = []byte(`["message.sent",`)
	acknowledged = []byte(`[{"ok":true`)
	codeKey      = []byte(`"code":"`)
)

// Split takes a packet apart: its kind, its id (-1 without one) and its JSON.
func Split(packet []byte) (kind byte, id int, rest []byte) {
	if len(packet) == 0 {
		return 0, -1, nil
	}
	kind, id = packet[0], -1
	at := 1
	for ; at < len(packet) && packet[at] >= '0' && packet[at] <= '9'; at++ {
		id = max(id, 0)*10 + int(packet[at]-'0')
	}
	return kind, id, packet[at:]
}

// Sequence reads the first sequence in a packet's JSON; 0 when there is none.
func Sequence(rest []byte) int {
	at := bytes.Index(rest, sequenceKey)
	if at < 0 {
		return 0
	}
	return digits(rest[at+len(sequenceKey):])
}

// Counter reads the number at the end of the client_message_id of a message of this run; -1 when
// it is another's message.
func Counter(rest []byte, run string) int {
	at := bytes.Index(rest, clientIDKey)
	if at < 0 {
		return -1
	}
	rest = rest[at+len(clientIDKey):]
	if !bytes.HasPrefix(rest, []byte(run)) {
		return -1
	}
	return digits(rest[len(run)+1:])
}

// Code reads the code of a refused call.
func Code(rest []byte) string {
	at := bytes.Index(rest, codeKey)
	if at < 0 {
		return "unknown"
	}
	code, _, _ := bytes.Cut(rest[at+len(codeKey):], []byte(`"`))
	return string(code)
}

func digits(text []byte) int {
	number := 0
	for _, digit := range text {
		if digit < '0' || digit > '9' {
			break
		}
		number = number*10 + int(digit-'0')
	}
	return number
}

// Message writes calls of send_message; everything but the two counters is written once.
type Message struct {
	before, after []byte
	packet        []byte
}

const bodyBytes = 120

// NewMessage prepares the messages of one sender; run tells this run's messages from all others.
func NewMessage(conversationID, run string) *Message {
	body := bytes.Repeat([]byte("A message. "), bodyBytes)[:bodyBytes-1]
	return &Message{
		before: []byte(`["send_message",{"conversation_id":"` + conversationID +
			`","client_message_id":"` + run + `-`),
		after: []byte(`","body":"` + string(body) + `."}]`),
	}
}

// Packet is the call with this id and counter; it is good until the next one.
func (message *Message) Packet(id, counter int) []byte {
	packet := append(message.packet[:0], "42"...)
	packet = strconv.AppendInt(packet, int64(id), 10)
	packet = append(packet, message.before...)
	packet = strconv.AppendInt(packet, int64(counter), 10)
	packet = append(packet, message.after...)
	message.packet = packet
	return packet
}
