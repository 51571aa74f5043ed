package processor_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"mintmark/mint/lightning/processor"
)

// notes is a log that can be read while it is written.
type notes struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (n *notes) Write(p []byte) (int, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.text.Write(p)
}

func (n *notes) String() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.text.String()
}

// Each of them may be somebody's money, so each is told, however soon it comes after another.
func TestALogSaysOfEveryPaymentThatCannotBeBelievedWhichItIs(t *testing.T) {
	t.Parallel()
	s, log := newScript(t), &notes{}
	b := s.open(t, t.TempDir(), func(c *processor.Config) { c.Logger = slog.New(slog.NewTextHandler(log, nil)) })
	s.gives("mine")
	made, err := b.CreateInvoice(t.Context(), iou())
	if err != nil {
		t.Fatal(err)
	}
	d := watch(t, b)
	events := s.stream(t)
	for i := range 3 {
		events <- receivedEvent(custom("mine"), sat(0), fmt.Sprint("nothing ", i))
	}
	events <- receivedEvent(custom("mine"), sat(5), "good")
	d.wait(t, 1)
	for i := range 3 {
		found := 0
		for line := range strings.Lines(log.String()) {
			if strings.Contains(line, "level=ERROR") && strings.Contains(line, "cannot be believed") && strings.Contains(line, "request="+made.LookupID) &&
				strings.Contains(line, fmt.Sprintf("payment=%q", fmt.Sprint("nothing ", i))) {
				found++
			}
		}
		if found != 1 {
			t.Errorf("of payment %d it says %d times: %s", i, found, log)
		}
	}
}
