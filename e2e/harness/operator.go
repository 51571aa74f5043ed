package harness

import (
	"encoding/json"
	"fmt"
	"strings"
)

// Liability is a line of "mintd liabilities --json".
type Liability struct {
	Keyset      string `json:"keyset"`
	Issued      uint64 `json:"issued"`
	Redeemed    uint64 `json:"redeemed"`
	Outstanding uint64 `json:"outstanding"`
	Overdrawn   uint64 `json:"overdrawn"`
}

// Liabilities asks what the mint owes, and has it counted again from all rows;
// a difference between the two is an error.
func (s *Stack) Liabilities() ([]Liability, error) {
	s.t.Helper()
	out, err := s.Operate("liabilities", "--json", "--recount")
	if err != nil {
		return nil, err
	}
	line, said, _ := strings.Cut(out, "\n")
	if !strings.Contains(said, "the rows add up to the same") {
		return nil, fmt.Errorf("recounting: %s", said)
	}
	var list []Liability
	if err := json.Unmarshal([]byte(line), &list); err != nil {
		return nil, fmt.Errorf("reading liabilities: %w: %s", err, line)
	}
	return list, nil
}

// Saga is a line of "mintd sagas list --json".
type Saga struct {
	Operation string `json:"operation"`
	Kind      string `json:"kind"`
	State     string `json:"state"`
	Owner     string `json:"owner"`
	Verdict   string `json:"verdict"`
}

// Sagas lists the unfinished operations.
func (s *Stack) Sagas() ([]Saga, error) {
	s.t.Helper()
	out, err := s.Operate("sagas", "list", "--json")
	if err != nil {
		return nil, err
	}
	var list []Saga
	if err := json.Unmarshal([]byte(out), &list); err != nil {
		return nil, fmt.Errorf("reading sagas: %w: %s", err, out)
	}
	return list, nil
}

// Operate runs a command of the operator on the running mintd and returns what
// it said.
func (s *Stack) Operate(args ...string) (string, error) {
	s.t.Helper()
	args = append(args, "--data", s.mintData(), "--log-level", "error")
	if s.Database != "" {
		args = append(args, "--database", s.Database)
	}
	return run(s.t, s.Programs.Mintd, args...)
}
