// Faulty is a web server whose faults are switched while it runs: the version under test.
//
//	GET  /               one request of a user: JSON with VERSION, or the fault that is switched on
//	POST /fault?errors=0.5&delay=2s&hang=true&unready=true
//	POST /crash          ends the process with an error
//	GET  /gate           one health check: answers by the letters of GATE, P or F, the last for ever
//	GET  /readyz, /metrics
//
// The variable FAULT holds the query with which it starts; SIGTERM ends it once requests are done.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"log"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

type fault struct {
	errors  float64 // share of requests that are answered with 500
	delay   time.Duration
	hang    bool // never answers
	unready bool
	crash   bool // ends the process at once, with an error
	done    bool // ends the process at once, without one
}

func parse(query url.Values) (fault, error) {
	var wanted fault
	var problems [2]error
	if text := query.Get("errors"); text != "" {
		wanted.errors, problems[0] = strconv.ParseFloat(text, 64)
	}
	if text := query.Get("delay"); text != "" {
		wanted.delay, problems[1] = time.ParseDuration(text)
	}
	wanted.hang = query.Get("hang") == "true"
	wanted.unready = query.Get("unready") == "true"
	wanted.crash = query.Get("crash") == "true"
	wanted.done = query.Get("done") == "true"
	return wanted, errors.Join(problems[:]...)
}

type server struct {
	current  atomic.Pointer[fault]
	script   string
	checks   atomic.Int64
	version  string
	requests *prometheus.CounterVec
	duration prometheus.Histogram
}

func (s *server) serve(w http.ResponseWriter, r *http.Request) {
	began, now := time.Now(), s.current.Load()
	if now.hang {
		<-r.Context().Done()
		return
	}
	time.Sleep(now.delay)
	code := http.StatusOK
	if rand.Float64() < now.errors {
		code = http.StatusInternalServerError
	}
	s.requests.WithLabelValues(strconv.Itoa(code)).Inc()
	s.duration.Observe(time.Since(began).Seconds())
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(map[string]string{"version": s.version})
}

func (s *server) switchFault(w http.ResponseWriter, r *http.Request) {
	wanted, err := parse(r.URL.Query())
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.current.Store(&wanted)
	log.Printf("fault: %+v", wanted)
}

func (s *server) ready(w http.ResponseWriter, _ *http.Request) {
	if s.current.Load().unready {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
}

func (s *server) gate(w http.ResponseWriter, _ *http.Request) {
	check := int(s.checks.Add(1))
	log.Printf("gate: check %d", check)
	if s.script != "" && s.script[min(check, len(s.script))-1] == 'F' {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
}

func newServer(start fault) *server {
	s := &server{
		version: os.Getenv("VERSION"),
		script:  os.Getenv("GATE"),
		requests: prometheus.NewCounterVec(
			prometheus.CounterOpts{Name: "http_requests_total", Help: "Requests by code."},
			[]string{"code"}),
		duration: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "http_request_duration_seconds", Help: "Time to answer.",
			Buckets: []float64{0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5}}),
	}
	s.current.Store(&start)
	prometheus.MustRegister(s.requests, s.duration)
	return s
}

func main() {
	query, err := url.ParseQuery(os.Getenv("FAULT"))
	if err != nil {
		log.Fatal(err)
	}
	start, err := parse(query)
	if err != nil {
		log.Fatal(err)
	}
	if start.crash {
		log.Fatal("this version crashes")
	}
	if start.done {
		return
	}
	s := newServer(start)
	routes := http.NewServeMux()
	routes.HandleFunc("GET /", s.serve)
	routes.HandleFunc("GET /readyz", s.ready)
	routes.HandleFunc("GET /gate", s.gate)
	routes.HandleFunc("POST /fault", s.switchFault)
	routes.HandleFunc("POST /crash", func(http.ResponseWriter, *http.Request) { os.Exit(1) })
	routes.Handle("GET /metrics", promhttp.Handler())
	listen(&http.Server{Addr: ":8080", Handler: routes, ReadHeaderTimeout: time.Second})
}

func listen(server *http.Server) {
	ended, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	finished := make(chan struct{})
	go func() {
		defer close(finished)
		<-ended.Done()
		patience, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = server.Shutdown(patience)
	}()
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		log.Fatal(err)
	}
	<-finished
}
