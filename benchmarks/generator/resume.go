package main

import (
	"flag"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// resume: clients through the entry, some of them sending, until their gateway is killed by
// whoever started this; then all of them come back as socket.io clients do, and what each has seen
// is held against what was acknowledged.
func resume(options *flag.FlagSet, arguments []string) (Figures, error) {
	target := targetOptions(options)
	clients := options.Int("clients", 5000, "how many clients, two in a conversation")
	senders := options.Int("senders", 300, "how many of them send")
	every := options.Duration("every", time.Second, "how often each of them sends")
	within := options.Duration("within", 60*time.Second, "how long to wait for the last one")
	after := options.Duration("after", 5*time.Second, "how long to go on when all are back")
	if err := options.Parse(arguments); err != nil {
		return nil, err
	}
	talks, err := readTalks(target.talks, *clients/2)
	if err != nil {
		return nil, err
	}
	herd := newHerd(target.url(0), talks, *senders, *every)
	if err := together(len(herd.clients), 64, func(number int) error {
		err := herd.clients[number].connect()
		if err == nil {
			go herd.clients[number].liveForEver()
		}
		return err
	}); err != nil {
		return nil, err
	}
	if lost := herd.lost.Load(); lost > 0 {
		return nil, fmt.Errorf("%d connections were lost before the kill", lost)
	}
	herd.isQuiet.Store(false)
	say(Figures{"ready": true})
	if !eventually(*within, func() bool { return herd.lost.Load() > 0 }) {
		return nil, fmt.Errorf("no connection was lost")
	}
	isBack := eventually(*within, func() bool {
		return herd.lost.Load() >= int64(len(herd.clients)) && herd.away.Load() == 0
	})
	time.Sleep(*after)
	herd.isQuiet.Store(true)
	isSettled := eventually(30*time.Second, herd.isSettled)
	figures := herd.figures()
	figures["all_resumed"] = isBack
	figures["all_settled"] = isSettled
	say(figures)
	if _, err := io.Copy(io.Discard, os.Stdin); err != nil {
		return nil, err
	}
	return Figures{"clients": len(herd.clients)}, nil
}

// herd is all clients of the gateway that will die.
type herd struct {
	url     string
	run     string
	clients []*client
	talks   []*watchedTalk

	isQuiet atomic.Bool // nobody begins another message
	lost    atomic.Int64
	away    atomic.Int64

	mutex     sync.Mutex
	failed    map[string]int // tries to come back that failed, by reason
	killedAt  time.Time
	resumedAt []time.Time
}

// watchedTalk is a conversation with both of its clients and what its customer had acknowledged.
type watchedTalk struct {
	talk    Talk
	clients [2]*client
	sender  *sender // nil where nobody sends
}

func newHerd(url string, talks []Talk, senders int, every time.Duration) *herd {
	made := &herd{url: url, run: newRun(), failed: map[string]int{}}
	made.isQuiet.Store(true) // until everybody is there
	for number, talk := range talks {
		watched := &watchedTalk{talk: talk}
		for side := range watched.clients {
			watched.clients[side] = &client{herd: made, talk: watched, token: talk.Tokens[side]}
		}
		if number < senders {
			watched.sender = newSender(watched.clients[customer], talk.ConversationID, made.run, every)
			watched.clients[customer].sender = watched.sender
		}
		made.talks = append(made.talks, watched)
		made.clients = append(made.clients, watched.clients[:]...)
	}
	return made
}

func (herd *herd) noteLoss() {
	herd.mutex.Lock()
	if herd.killedAt.IsZero() {
		herd.killedAt = time.Now()
	}
	herd.mutex.Unlock()
	herd.away.Add(1)
	herd.lost.Add(1)
}

// noteFailure counts a try; a reason is cut where the addresses begin, which differ.
func (herd *herd) noteFailure(err error) {
	reason, _, _ := strings.Cut(err.Error(), "127.0.0.1")
	herd.mutex.Lock()
	herd.failed[reason]++
	herd.mutex.Unlock()
}

func (herd *herd) noteReturn() {
	herd.mutex.Lock()
	herd.resumedAt = append(herd.resumedAt, time.Now())
	herd.mutex.Unlock()
	herd.away.Add(-1)
}

// isSettled tells whether every message sent is acknowledged and with both sides.
func (herd *herd) isSettled() bool {
	for _, watched := range herd.talks {
		if watched.sender == nil {
			continue
		}
		acknowledged, isBusy := watched.sender.state()
		if isBusy {
			return false
		}
		for _, each := range watched.clients {
			if each.seen() < acknowledged {
				return false
			}
		}
	}
	return true
}

func (herd *herd) figures() Figures {
	var found faults
	acknowledged := 0
	for _, watched := range herd.talks {
		if watched.sender != nil {
			acknowledged += len(watched.sender.acknowledged)
		}
		for _, each := range watched.clients {
			each.judge(watched.sender, &found)
		}
	}
	herd.mutex.Lock()
	defer herd.mutex.Unlock()
	var took Latencies
	for _, at := range herd.resumedAt {
		took.Add(at.Sub(herd.killedAt))
	}
	figures := took.Milliseconds()
	return Figures{
		"clients": len(herd.clients), "lost_connections": herd.lost.Load(), "failed_tries": herd.failed,
		"resumed": len(herd.resumedAt), "resumed_ms": figures,
		"acknowledged": acknowledged, "missing": found.missing, "doubled": found.doubled,
		"disordered": found.disordered, "holes": found.holes,
	}
}

// faults are what no client may have seen.
type faults struct{ missing, doubled, disordered, holes int }

// client is one app: it comes back by number, as often as it has to.
type client struct {
	herd   *herd
	talk   *watchedTalk
	token  string
	sender *sender

	socket *Socket
	mutex  sync.Mutex
	first  int         // where its view begins
	last   int         // the highest sequence it has
	early  map[int]int // pushes beyond a page that is still being fetched: sequence → counter
	view   []int       // counters by sequence - first - 1; -1 for what is no message of this run
	again  int         // entries that came twice
}

func (each *client) seen() int {
	each.mutex.Lock()
	defer each.mutex.Unlock()
	return each.last
}

// connect opens a connection, joins, and reads on from what it has.
func (each *client) connect() error {
	socket, err := Connect(each.herd.url, each.token)
	if err != nil {
		return err
	}
	if err := each.catchUp(socket); err != nil {
		socket.Close()
		return err
	}
	each.socket = socket
	if each.sender != nil {
		each.sender.resume(socket)
	}
	return nil
}

// liveForEver reads, and reconnects with the delays of socket.io-client: 1 s, doubled up to 5 s,
// each half more or less.
func (each *client) liveForEver() {
	for {
		each.read()
		each.socket.Close()
		if each.sender != nil {
			each.sender.pause()
		}
		each.herd.noteLoss()
		for attempt := 0; ; attempt++ {
			delay := math.Min(5, math.Pow(2, float64(attempt))) * (0.5 + rand.Float64())
			time.Sleep(time.Duration(delay * float64(time.Second)))
			err := each.connect()
			if err == nil {
				break
			}
			each.herd.noteFailure(err)
		}
		each.herd.noteReturn()
	}
}

func (each *client) read() {
	for {
		packet, err := each.socket.Next()
		if err != nil {
			return
		}
		kind, id, rest := Split(packet)
		if kind == kindAcknowledgement {
			if each.sender != nil {
				each.sender.answered(id, rest)
			}
			continue
		}
		each.hear(kind, rest)
	}
}

// judge holds what a client has seen against what was acknowledged.
func (each *client) judge(sender *sender, found *faults) {
	each.mutex.Lock()
	defer each.mutex.Unlock()
	found.doubled += each.again
	found.holes += len(each.early)
	counters := slices.DeleteFunc(slices.Clone(each.view), func(counter int) bool { return counter < 0 })
	if !slices.IsSorted(counters) {
		found.disordered++
	}
	slices.Sort(counters)
	found.doubled += len(counters) - len(slices.Compact(slices.Clone(counters)))
	if sender == nil {
		return
	}
	for counter, sequence := range sender.acknowledged {
		at := sequence - each.first - 1
		if at < 0 || at >= len(each.view) || each.view[at] != counter {
			found.missing++
		}
	}
}
