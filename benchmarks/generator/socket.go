package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gobwas/ws"
)

const (
	connectWithin = 20 * time.Second
	// A server that sends no ping for longer is gone; both servers ping every 20 s.
	silentFor = 60 * time.Second
)

// Socket is one Socket.IO connection over a websocket, with its token accepted.
//
// One goroutine reads; any may write.
type Socket struct {
	conn    net.Conn
	reader  *bufio.Reader
	payload []byte
	// EngineID is the Engine.IO session id; what stands before its dot is the gateway's name.
	EngineID string

	mutex sync.Mutex
	frame bytes.Buffer
}

// Refusal is the answer to a handshake whose token was not accepted.
type Refusal struct{ Answer string }

func (refusal Refusal) Error() string { return "refused: " + refusal.Answer }

// Connect opens a websocket, an Engine.IO session and the namespace with the token.
func Connect(url, token string) (*Socket, error) {
	ctx, cancel := context.WithTimeout(context.Background(), connectWithin)
	defer cancel()
	dialer := ws.Dialer{ReadBufferSize: 4096, WriteBufferSize: 512}
	conn, reader, _, err := dialer.Dial(ctx, url+"/socket.io/?EIO=4&transport=websocket")
	if err != nil {
		return nil, fmt.Errorf("websocket: %w", err)
	}
	if reader == nil {
		reader = bufio.NewReaderSize(conn, 4096)
	}
	socket := &Socket{conn: conn, reader: reader}
	if err := socket.open(token); err != nil {
		conn.Close()
		return nil, err
	}
	return socket, nil
}

func (socket *Socket) open(token string) error {
	socket.conn.SetReadDeadline(time.Now().Add(connectWithin))
	opened, err := socket.engine()
	if err != nil {
		return fmt.Errorf("Engine.IO: %w", err)
	}
	var session struct {
		SID string `json:"sid"`
	}
	if len(opened) == 0 || opened[0] != '0' || json.Unmarshal(opened[1:], &session) != nil {
		return fmt.Errorf("Engine.IO: unexpected %.80q", opened)
	}
	socket.EngineID = session.SID
	auth, err := json.Marshal(map[string]string{"token": token})
	if err != nil {
		return err
	}
	if err := socket.Send(append([]byte("40"), auth...)); err != nil {
		return err
	}
	answer, err := socket.Next()
	if err != nil {
		return fmt.Errorf("Socket.IO: %w", err)
	}
	if len(answer) == 0 || answer[0] != '0' {
		return Refusal{string(answer)}
	}
	return socket.conn.SetReadDeadline(time.Now().Add(silentFor))
}

// Gateway is the name of the process at the other end.
func (socket *Socket) Gateway() string {
	name, _, _ := strings.Cut(socket.EngineID, ".")
	return name
}

// Next returns the next Socket.IO packet; it is good until the next call. Pings are answered.
func (socket *Socket) Next() ([]byte, error) {
	for {
		packet, err := socket.engine()
		if err != nil {
			return nil, err
		}
		switch {
		case len(packet) == 0:
			return nil, fmt.Errorf("an empty packet")
		case packet[0] == '4':
			return packet[1:], nil
		case packet[0] == '2':
			socket.conn.SetReadDeadline(time.Now().Add(silentFor))
			if err := socket.Send([]byte("3")); err != nil {
				return nil, err
			}
		case packet[0] == '1':
			return nil, io.EOF
		}
	}
}

// engine returns the next Engine.IO packet.
func (socket *Socket) engine() ([]byte, error) {
	for {
		header, err := ws.ReadHeader(socket.reader)
		if err != nil {
			return nil, err
		}
		if int64(cap(socket.payload)) < header.Length {
			socket.payload = make([]byte, header.Length)
		}
		payload := socket.payload[:header.Length]
		if _, err := io.ReadFull(socket.reader, payload); err != nil {
			return nil, err
		}
		switch {
		case header.OpCode == ws.OpText && header.Fin:
			return payload, nil
		case header.OpCode == ws.OpPing:
			if err := socket.write(ws.OpPong, payload); err != nil {
				return nil, err
			}
		case header.OpCode == ws.OpClose:
			return nil, io.EOF
		case header.OpCode != ws.OpPong:
			return nil, fmt.Errorf("an unexpected frame, opcode %d", header.OpCode)
		}
	}
}

// Send writes one packet as one masked text frame.
func (socket *Socket) Send(packet []byte) error { return socket.write(ws.OpText, packet) }

func (socket *Socket) write(code ws.OpCode, payload []byte) error {
	socket.mutex.Lock()
	defer socket.mutex.Unlock()
	mask := ws.NewMask()
	header := ws.Header{Fin: true, OpCode: code, Masked: true, Mask: mask, Length: int64(len(payload))}
	socket.frame.Reset()
	if err := ws.WriteHeader(&socket.frame, header); err != nil {
		return err
	}
	start := socket.frame.Len()
	socket.frame.Write(payload)
	ws.Cipher(socket.frame.Bytes()[start:], mask, 0)
	_, err := socket.conn.Write(socket.frame.Bytes())
	return err
}

// Call sends a call and returns its acknowledgement's JSON; pushes before it are an error.
func (socket *Socket) Call(id int, name string, payload any) (json.RawMessage, error) {
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
		kind, answered, rest := Split(packet)
		if kind == kindAcknowledgement && answered == id {
			var answers []json.RawMessage
			if err := json.Unmarshal(rest, &answers); err != nil || len(answers) != 1 {
				return nil, fmt.Errorf("%s: unexpected %.80q", name, rest)
			}
			return answers[0], nil
		}
	}
}

// Close ends the connection without ceremony.
func (socket *Socket) Close() { socket.conn.Close() }
