package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/gobwas/ws"
)

// serve: a server that speaks as a gateway does, checks nothing and persists nothing. What the
// generator reaches against it is about the most that it can measure. It ends with standard input,
// so that it does not outlive whoever started it.
func serve(options *flag.FlagSet, arguments []string) (Figures, error) {
	address := options.String("listen", "127.0.0.1:0", "host:port")
	if err := options.Parse(arguments); err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", *address)
	if err != nil {
		return nil, err
	}
	say(Figures{"ready": true, "url": "ws://" + listener.Addr().String()})
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		listener.Close()
	}()
	server := &server{rooms: map[string]*serverRoom{}}
	for {
		conn, err := listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return Figures{"rooms": len(server.rooms)}, nil
		}
		if err != nil {
			return nil, err
		}
		go server.handle(conn)
	}
}

type server struct {
	mutex sync.Mutex
	rooms map[string]*serverRoom
}

type serverRoom struct {
	mutex    sync.Mutex
	sequence int
	members  map[net.Conn]bool
	// waiting are frames for all members. Those that come while others are written go together in
	// one write, as good gateways do it.
	waiting   []byte
	isPushing bool
}

func (server *server) room(name string) *serverRoom {
	server.mutex.Lock()
	defer server.mutex.Unlock()
	room := server.rooms[name]
	if room == nil {
		room = &serverRoom{members: map[net.Conn]bool{}}
		server.rooms[name] = room
	}
	return room
}

func (server *server) handle(conn net.Conn) {
	var joined []*serverRoom
	defer func() {
		for _, room := range joined {
			room.mutex.Lock()
			delete(room.members, conn)
			room.mutex.Unlock()
		}
		conn.Close()
	}()
	if _, err := ws.Upgrade(conn); err != nil {
		return
	}
	opened := `0{"sid":"self.1","upgrades":[],"pingInterval":20000,"pingTimeout":15000,"maxPayload":100000}`
	if _, err := conn.Write(frame([]byte(opened))); err != nil {
		return
	}
	for {
		read, err := ws.ReadFrame(conn)
		if err != nil || read.Header.OpCode != ws.OpText {
			return
		}
		packet := ws.UnmaskFrameInPlace(read).Payload
		switch {
		case bytes.HasPrefix(packet, []byte("40")):
			_, err = conn.Write(frame([]byte(`40{"sid":"1"}`)))
		case bytes.HasPrefix(packet, []byte("42")):
			var room *serverRoom
			if room, err = server.answer(conn, packet[1:]); room != nil {
				joined = append(joined, room)
			}
		}
		if err != nil {
			return
		}
	}
}

// answer acknowledges a call, and returns the room where it was a join.
func (server *server) answer(conn net.Conn, packet []byte) (*serverRoom, error) {
	_, id, rest := Split(packet)
	var call []json.RawMessage
	var payload struct {
		ConversationID  string `json:"conversation_id"`
		ClientMessageID string `json:"client_message_id"`
		Body            string `json:"body"`
	}
	if err := json.Unmarshal(rest, &call); err != nil {
		return nil, err
	}
	if len(call) != 2 {
		return nil, fmt.Errorf("not a call: %.80q", rest)
	}
	if err := json.Unmarshal(call[1], &payload); err != nil {
		return nil, err
	}
	room := server.room(payload.ConversationID)
	room.mutex.Lock()
	defer room.mutex.Unlock()
	answered := []byte("43" + strconv.Itoa(id))
	if string(call[0]) == `"join_conversation"` {
		room.members[conn] = true
		answer := fmt.Appendf(answered, `[{"ok":true,"head":%d,"entries":[],"has_more":false}]`, room.sequence)
		_, err := conn.Write(frame(answer))
		return room, err
	}
	room.sequence++
	message, err := json.Marshal(map[string]any{
		"sequence": room.sequence, "conversation_id": payload.ConversationID,
		"client_message_id": payload.ClientMessageID, "body": payload.Body, "sent_at": time.Now(),
	})
	if err != nil {
		return nil, err
	}
	if _, err := conn.Write(frame(fmt.Appendf(answered, `[{"ok":true,"message":%s}]`, message))); err != nil {
		return nil, err
	}
	room.waiting = append(room.waiting, frame(fmt.Appendf(nil, `42["message.sent",%s]`, message))...)
	if !room.isPushing {
		room.isPushing = true
		go room.push()
	}
	return nil, nil
}

// push writes what waits to all members until nothing waits.
func (room *serverRoom) push() {
	for {
		room.mutex.Lock()
		waiting, members := room.waiting, slices.Collect(maps.Keys(room.members))
		room.waiting, room.isPushing = nil, len(waiting) > 0
		room.mutex.Unlock()
		if len(waiting) == 0 {
			return
		}
		for _, member := range members {
			// One that has gone is taken out by its own goroutine.
			_, _ = member.Write(waiting)
		}
	}
}

func frame(packet []byte) []byte {
	return ws.MustCompileFrame(ws.NewTextFrame(packet))
}
