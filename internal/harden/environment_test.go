package harden

import (
	"errors"
	"testing"
)

func TestACrashThatLeavesTheMemoryBehindIsRefused(t *testing.T) {
	t.Parallel()
	for value, refused := range map[string]bool{
		"": false, "none": false, "single": false, "all": false, "system": false, "1": false, "crash": true, "wer": true,
	} {
		err := environment(func(name string) string {
			if name != "GOTRACEBACK" {
				return ""
			}
			return value
		})
		if errors.Is(err, ErrEnvironment) != refused {
			t.Errorf("GOTRACEBACK=%s: %v", value, err)
		}
	}
}
