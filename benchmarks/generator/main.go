// The load generator: Socket.IO over websockets against Parley, the peer, or itself.
//
//	generator messages   acknowledged messages a second, and how long each takes
//	generator fan-out    deliveries a second in one large room
//	generator idle       joined connections that do nothing, until standard input ends
//	generator connect    new authenticated connections a second
//	generator across     send to push, within one gateway and between two
//	generator resume     clients of a gateway that is killed come back
//	generator serve      a server that answers and persists nothing, to measure the generator itself
//
// Each prints one JSON object of figures as its last line. Before it, `idle` and `resume` say
// {"ready":true} when everybody is connected and joined, and `resume` what came of it.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"
)

// Figures are what a run found, by name.
type Figures map[string]any

var commands = map[string]func(*flag.FlagSet, []string) (Figures, error){
	"messages": messages,
	"fan-out":  fanOut,
	"idle":     idle,
	"connect":  connect,
	"across":   across,
	"resume":   resume,
	"serve":    serve,
}

// target is where the load goes and as whom.
type target struct {
	urls  string
	talks string
}

func targetOptions(options *flag.FlagSet) *target {
	chosen := &target{}
	options.StringVar(&chosen.urls, "url", "", "ws://host:port, or several with commas between them")
	options.StringVar(&chosen.talks, "talks", "", "file of `parley seed`")
	return chosen
}

func (chosen *target) url(number int) string {
	urls := strings.Split(chosen.urls, ",")
	return urls[number%len(urls)]
}

func say(figures Figures) {
	text, err := json.Marshal(figures)
	if err != nil {
		fail(err)
	}
	fmt.Println(string(text))
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "generator:", err)
	os.Exit(1)
}

func main() {
	if len(os.Args) < 2 || commands[os.Args[1]] == nil {
		fail(fmt.Errorf("want one of messages, fan-out, idle, connect, across, resume, serve"))
	}
	options := flag.NewFlagSet(os.Args[1], flag.ExitOnError)
	figures, err := commands[os.Args[1]](options, os.Args[2:])
	if err != nil {
		fail(err)
	}
	say(figures)
}
