package pgtest

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
)

// Proxy stands between a client and the server and cuts connections at a moment
// that a test chooses, as a network does at one that nobody chooses.
type Proxy struct {
	listener net.Listener
	server   string

	mu    sync.Mutex
	word  []byte
	after bool
	left  int
	conns map[net.Conn]bool
}

// NewProxy starts a proxy to the server. It ends with the test.
func NewProxy(t testing.TB, s *Server) *Proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{listener: l, server: fmt.Sprintf("127.0.0.1:%d", s.Port), conns: map[net.Conn]bool{}}
	t.Cleanup(func() {
		_ = l.Close()
		p.CutAll()
	})
	go p.accept()
	return p
}

// URL is the URL of a database of the server by way of the proxy.
func (p *Proxy) URL(direct string) string {
	return strings.Replace(direct, p.server, p.listener.Addr().String(), 1)
}

// CutBefore makes the next n messages of clients that contain the word cut the
// connection before the server has heard them.
func (p *Proxy) CutBefore(word string, n int) { p.cut(word, n, false) }

// CutAfter makes them cut it when the server has heard them, so that the client
// never hears the answer.
func (p *Proxy) CutAfter(word string, n int) { p.cut(word, n, true) }

func (p *Proxy) cut(word string, n int, after bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.word, p.left, p.after = []byte(word), n, after
}

// CutAll cuts every connection.
func (p *Proxy) CutAll() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for conn := range p.conns {
		_ = conn.Close()
	}
	clear(p.conns)
}

func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", p.server)
		if err != nil {
			_ = client.Close()
			continue
		}
		p.mu.Lock()
		p.conns[client], p.conns[server] = true, true
		p.mu.Unlock()
		answered := make(chan struct{})
		go p.forward(client, server, answered)
		go func() {
			_, _ = io.Copy(client, server) // ends at the first answer that does not get through
			close(answered)
			p.end(client, server)
		}()
	}
}

// forward passes on what the client says, until it says the word.
func (p *Proxy) forward(client, server net.Conn, answered chan struct{}) {
	defer p.end(client, server)
	buffer := make([]byte, 64<<10)
	for {
		n, err := client.Read(buffer)
		if err != nil {
			return
		}
		cut, after := p.heard(buffer[:n])
		if cut {
			_ = client.Close() // first, so that no answer can get through
		}
		if !cut || after {
			if _, err := server.Write(buffer[:n]); err != nil {
				return
			}
		}
		switch {
		case cut && after:
			<-answered
			return
		case cut:
			return
		}
	}
}

// heard tells whether to cut now.
func (p *Proxy) heard(message []byte) (cut, after bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.left == 0 || !bytes.Contains(message, p.word) {
		return false, false
	}
	p.left--
	return true, p.after
}

func (p *Proxy) end(conns ...net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, conn := range conns {
		_ = conn.Close()
		delete(p.conns, conn)
	}
}
