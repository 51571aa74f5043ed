package harness

import (
	"net"
	"strconv"
	"testing"
)

func TestAnAddressBelongsToOneTestUntilItsEnd(t *testing.T) {
	t.Parallel()
	var port int
	t.Run("the test that has it", func(t *testing.T) {
		address := FreeAddress(t)
		_, text, _ := net.SplitHostPort(address)
		port, _ = strconv.Atoi(text)
		if held, err := holdPort(port); held != nil || err != nil {
			t.Errorf("another test got %s as well: %v", address, err)
		}
		l, err := net.Listen("tcp", address)
		if err != nil {
			t.Fatalf("its program cannot listen there: %v", err)
		}
		_ = l.Close()
	})
	held, err := holdPort(port)
	if held == nil || err != nil {
		t.Fatalf("after the test its port %d is not free: %v", port, err)
	}
	_ = held.Close()
}
