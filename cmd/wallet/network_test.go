package main

import (
	"bufio"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// socks is a proxy that leads nowhere: it writes down what it is asked for, and says
// that the host cannot be reached.
func socks(t *testing.T) (address string, asked <-chan string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	names := make(chan string, 10)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			names <- request(conn)
			_ = conn.Close()
		}
	}()
	return l.Addr().String(), names
}

// request reads a SOCKS 5 connect (RFC 1928) and refuses it.
func request(conn net.Conn) string {
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	r := bufio.NewReader(conn)
	head := make([]byte, 2)
	if _, err := io.ReadFull(r, head); err != nil {
		return err.Error()
	}
	_, _ = io.CopyN(io.Discard, r, int64(head[1]))
	_, _ = conn.Write([]byte{5, 0})
	head = make([]byte, 5)
	if _, err := io.ReadFull(r, head); err != nil || head[3] != 3 {
		return "an address in place of a name"
	}
	name := make([]byte, int(head[4])+2)
	_, _ = io.ReadFull(r, name)
	_, _ = conn.Write([]byte{5, 4, 0, 1, 0, 0, 0, 0, 0, 0})
	port := binary.BigEndian.Uint16(name[len(name)-2:])
	if port == 0 {
		return "no port"
	}
	return string(name[:len(name)-2])
}

func fetch(t *testing.T, g globals, at string) error {
	t.Helper()
	way, err := g.transport()
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, at, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := way.RoundTrip(req)
	if err == nil {
		_ = resp.Body.Close()
	}
	return err
}

func TestEverythingGoesThroughTheProxy(t *testing.T) {
	address, asked := socks(t)
	for _, host := range []string{"mint.example", "abcdef.onion", "127.0.0.1", "localhost"} {
		if err := fetch(t, globals{proxy: "socks5://" + address}, "http://"+host+":8/v1/info"); err == nil {
			t.Fatalf("%s: the proxy leads nowhere", host)
		}
		if got := <-asked; got != host && host != "127.0.0.1" {
			t.Errorf("the proxy was asked for %q, want %q", got, host)
		}
	}
	// By the environment, this machine is reached directly.
	t.Setenv("ALL_PROXY", "socks5h://"+address)
	if err := fetch(t, globals{}, "https://mint.example/v1/info"); err == nil {
		t.Fatal("the proxy leads nowhere")
	}
	if got := <-asked; got != "mint.example" {
		t.Errorf("the proxy was asked for %q", got)
	}
	_ = fetch(t, globals{}, "http://127.0.0.1:1/")
	select {
	case got := <-asked:
		t.Errorf("the proxy was asked for %q", got)
	default:
	}
}

func TestAHiddenServiceIsNotAskedForWithoutAProxy(t *testing.T) {
	t.Setenv("ALL_PROXY", "")
	t.Setenv("HTTP_PROXY", "")
	t.Setenv("http_proxy", "")
	err := fetch(t, globals{}, "http://abcdef.onion/v1/info")
	if err == nil || !strings.Contains(err.Error(), "--proxy") {
		t.Error(err)
	}
	if _, err := (&globals{proxy: "127.0.0.1:9050"}).transport(); exitCode(err) != exitUsage {
		t.Errorf("a proxy without a scheme: %v", err)
	}
}
