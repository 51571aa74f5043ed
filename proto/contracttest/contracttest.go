// Package contracttest compares a wire contract with what other implementations
// speak: every method, field and value with its number, one a line. It is for
// tests only.
package contracttest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// Compare fails the test for every line that only one of the file and the
// contract has.
func Compare(t *testing.T, file protoreflect.FileDescriptor, contract string) {
	t.Helper()
	have := describe(t, file)
	want := strings.FieldsFunc(contract, func(r rune) bool { return r == '\n' })
	for _, line := range want {
		if !slices.Contains(have, line) {
			t.Errorf("gone: %s", line)
		}
	}
	for _, line := range have {
		if !slices.Contains(want, line) {
			t.Errorf("new: %s", line)
		}
	}
}

func describe(t *testing.T, file protoreflect.FileDescriptor) (lines []string) {
	t.Helper()
	methods := file.Services().Get(0).Methods()
	for i := range methods.Len() {
		m := methods.Get(i)
		stream := ""
		if m.IsStreamingServer() {
			stream = "stream "
		}
		if m.IsStreamingClient() {
			t.Errorf("%s streams from the client", m.Name())
		}
		lines = append(lines, fmt.Sprintf("%s: %s -> %s%s", m.Name(), m.Input().FullName(), stream, m.Output().FullName()))
	}
	for i := range file.Messages().Len() {
		fields := file.Messages().Get(i).Fields()
		for j := range fields.Len() {
			lines = append(lines, describeField(fields.Get(j)))
		}
	}
	for i := range file.Enums().Len() {
		values := file.Enums().Get(i).Values()
		for j := range values.Len() {
			lines = append(lines, fmt.Sprintf("%s = %d", values.Get(j).Name(), values.Get(j).Number()))
		}
	}
	return lines
}

func describeField(f protoreflect.FieldDescriptor) string {
	kind := f.Kind().String()
	switch {
	case f.IsMap():
		kind = fmt.Sprintf("map of %s to %s", f.MapKey().Kind(), f.MapValue().Kind())
	case f.Message() != nil:
		kind = string(f.Message().FullName())
	case f.Enum() != nil:
		kind = string(f.Enum().FullName())
	}
	switch {
	case f.HasOptionalKeyword():
		kind = "optional " + kind
	case f.IsList():
		kind = "repeated " + kind
	case f.ContainingOneof() != nil:
		kind = fmt.Sprintf("oneof %s %s", f.ContainingOneof().Name(), kind)
	}
	return fmt.Sprintf("%s.%s = %d %s", f.ContainingMessage().Name(), f.Name(), f.Number(), kind)
}
