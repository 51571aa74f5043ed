package bench

import (
	"testing"
	"time"
)

func TestTheFloorIsTheSumThatTheDesignNames(t *testing.T) {
	t.Parallel()
	f := Floor{HashToCurve: 1, Multiply: 10, MultiplyBase: 100, Decompression: 1000}
	tests := []struct {
		name            string
		inputs, outputs int
		want            time.Duration
	}{
		{"a swap of one coin", 1, 1, 11 + 1120},
		{"a swap of two coins", 2, 2, 22 + 2240},
		{"an issue has no inputs", 0, 3, 3360},
		{"a verification has no outputs", 5, 0, 55},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := f.Operation(tt.inputs, tt.outputs); got != tt.want {
				t.Errorf("Operation(%d, %d) = %d, want %d", tt.inputs, tt.outputs, got, tt.want)
			}
		})
	}
}

func TestTheFloorIsMeasured(t *testing.T) {
	t.Parallel()
	f, err := MeasureFloor(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%+v", f)
	for name, d := range map[string]time.Duration{
		"hash to curve": f.HashToCurve, "multiplication": f.Multiply,
		"base multiplication": f.MultiplyBase, "decompression": f.Decompression,
	} {
		if d <= 0 || d > 50*time.Millisecond {
			t.Errorf("%s takes %v", name, d)
		}
	}
	if f.MultiplyBase >= f.Multiply || f.Decompression >= f.Multiply {
		t.Errorf("a multiplication must be the dearest part: %+v", f)
	}
}
