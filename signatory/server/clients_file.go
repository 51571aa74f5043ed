package server

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"os"
	"regexp"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"mintmark/cashu"
	"mintmark/signatory"
	"mintmark/signatory/internal/budget"
)

// maxClientsFile is far more than a list of clients needs.
const maxClientsFile = 1 << 20

var clientName = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,63}$`)

// clientsTOML is the clients file, clientTOML one client in it.
type clientsTOML struct {
	LogLevel string       `toml:"log_level"`
	Client   []clientTOML `toml:"client"`
}

type clientTOML struct {
	Name   string   `toml:"name"`
	Roles  []string `toml:"roles"`
	SPKI   []string `toml:"spki"`
	SAN    []string `toml:"san"`
	UID    []int64  `toml:"uid"`
	GID    []int64  `toml:"gid"`
	Rotate string   `toml:"rotate"`

	MaxItems    int `toml:"max_items"`
	MaxInFlight int `toml:"max_in_flight"`

	Budget     []budgetTOML `toml:"budget"`
	MeltChange []changeTOML `toml:"melt_change"`
}

// budgetTOML is the budget of a client for one unit. What is left out is no limit.
type budgetTOML struct {
	Unit             string `toml:"unit"`
	HourValue        uint64 `toml:"hour_value"`
	HourSignatures   uint64 `toml:"hour_signatures"`
	DayValue         uint64 `toml:"day_value"`
	DaySignatures    uint64 `toml:"day_signatures"`
	KeysetValue      uint64 `toml:"keyset_value"`
	KeysetSignatures uint64 `toml:"keyset_signatures"`
}

// ReadClients reads a clients file. A key that is not known, a value of the wrong
// type and a client that makes no sense are errors; all of a kind are reported at
// once. A file that others may write is refused: it says who can sign.
func ReadClients(path string) (*Clients, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("reading the clients file: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("reading the clients file: %w", err)
	}
	if info.Mode().Perm()&0o022 != 0 {
		return nil, fmt.Errorf("the clients file %s can be changed by other users: its mode is %04o (chmod go-w)", path, info.Mode().Perm())
	}
	text, err := io.ReadAll(io.LimitReader(f, maxClientsFile+1))
	if err != nil {
		return nil, fmt.Errorf("reading the clients file: %w", err)
	}
	if len(text) > maxClientsFile {
		return nil, fmt.Errorf("the clients file %s is larger than %d bytes", path, maxClientsFile)
	}
	return ParseClients(path, text)
}

// ParseClients is ReadClients for a text; name stands in the errors.
func ParseClients(name string, text []byte) (*Clients, error) {
	var file clientsTOML
	d := toml.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&file); err != nil {
		return nil, tomlError(name, err)
	}
	c := &Clients{
		byPin: map[pin]*Client{}, byName: map[string]*Client{},
		byUID: map[uint32]*Client{}, byGID: map[uint32]*Client{},
		digest: sha256.Sum256(text),
	}
	var problems []error
	if file.LogLevel != "" {
		level := new(slog.Level)
		if err := level.UnmarshalText([]byte(file.LogLevel)); err != nil {
			problems = append(problems, fmt.Errorf("%s: log_level is %q and must be debug, info, warn or error", name, file.LogLevel))
		}
		c.logLevel = level
	}
	if len(file.Client) == 0 {
		problems = append(problems, fmt.Errorf("%s: there is no [[client]]: nobody could do anything", name))
	}
	for i, one := range file.Client {
		for _, err := range c.add(one) {
			problems = append(problems, fmt.Errorf("%s: client %d (%q): %w", name, i+1, one.Name, err))
		}
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	return c, nil
}

func tomlError(file string, err error) error {
	if unknown, ok := errors.AsType[*toml.StrictMissingError](err); ok {
		var problems []error
		for _, e := range unknown.Errors {
			line, _ := e.Position()
			problems = append(problems, fmt.Errorf("%s:%d: unknown key %s", file, line, strings.Join(e.Key(), ".")))
		}
		return errors.Join(problems...)
	}
	if wrong, ok := errors.AsType[*toml.DecodeError](err); ok {
		line, _ := wrong.Position()
		return fmt.Errorf("%s:%d: %s", file, line, strings.TrimPrefix(wrong.Error(), "toml: "))
	}
	return fmt.Errorf("%s: %w", file, err)
}

// add takes one client of the file and returns everything that is wrong with it.
func (c *Clients) add(in clientTOML) (problems []error) {
	bad := func(err error) {
		if err != nil {
			problems = append(problems, err)
		}
	}
	out := &Client{Name: in.Name}
	if !clientName.MatchString(in.Name) {
		bad(errors.New("the name must be of a-z, 0-9, dots, dashes and underscores, at most 64"))
	}
	for _, other := range c.list {
		if other.Name == in.Name {
			bad(errors.New("the name is there twice"))
		}
	}
	for _, name := range in.Roles {
		role, err := parseRole(name)
		bad(err)
		out.Roles |= role
	}
	if len(in.Roles) == 0 {
		bad(errors.New("it has no roles"))
	}
	var err error
	out.Rotate, err = parseRotatePolicy(in.Rotate)
	bad(err)
	if in.Rotate != "" && (!out.Roles.Any(Mint) || out.Roles.Any(Rotator)) {
		bad(errors.New("rotate is for a client that is a mint and no rotator"))
	}
	out.MaxItems, out.MaxInFlight = in.MaxItems, in.MaxInFlight
	if in.MaxItems < 0 || in.MaxItems > signatory.MaxItems {
		bad(fmt.Errorf("max_items is %d and must be 1 to %d, or 0 for that", in.MaxItems, signatory.MaxItems))
	}
	if in.MaxInFlight < 0 {
		bad(fmt.Errorf("max_in_flight is %d", in.MaxInFlight))
	}
	if len(in.Budget) > 0 && !out.Roles.Any(Mint) {
		bad(errors.New("a budget is for a client that is a mint"))
	}
	for _, b := range in.Budget {
		bad(out.addBudget(b))
	}
	if len(in.MeltChange) > 0 && !out.Roles.Any(Mint) {
		bad(errors.New("melt_change is for a client that is a mint"))
	}
	for _, m := range in.MeltChange {
		bad(out.addChange(m))
	}
	bad(c.recognise(out, in))
	c.list = append(c.list, out)
	return problems
}

func (c *Client) addBudget(in budgetTOML) error {
	unit, err := cashu.ParseUnit(in.Unit)
	if err != nil {
		return fmt.Errorf("a budget is for the unit %q, which is none", in.Unit)
	}
	if _, twice := c.Budgets[unit]; twice {
		return fmt.Errorf("there are two budgets for %s", unit)
	}
	limits := budget.Limits{
		Hour:   budget.Use{Value: cashu.Amount(in.HourValue), Count: in.HourSignatures},
		Day:    budget.Use{Value: cashu.Amount(in.DayValue), Count: in.DaySignatures},
		Keyset: budget.Use{Value: cashu.Amount(in.KeysetValue), Count: in.KeysetSignatures},
	}
	if limits == (budget.Limits{}) {
		return fmt.Errorf("the budget for %s limits nothing", unit)
	}
	if c.Budgets == nil {
		c.Budgets = map[cashu.Unit]budget.Limits{}
	}
	c.Budgets[unit] = limits
	return nil
}

// recognise notes by what a client is recognised.
func (c *Clients) recognise(out *Client, in clientTOML) error {
	var problems []error
	bad := func(err error) {
		if err != nil {
			problems = append(problems, err)
		}
	}
	for _, text := range in.SPKI {
		p, err := parsePin(text)
		bad(err)
		if err == nil {
			out.pins = append(out.pins, p)
			bad(claim(c.byPin, p, out))
		}
	}
	for _, text := range in.SAN {
		name, err := parseName(text)
		bad(err)
		if err == nil {
			out.names = append(out.names, name)
			bad(claim(c.byName, name, out))
		}
	}
	for _, ids := range []struct {
		from []int64
		to   *[]uint32
		in   map[uint32]*Client
	}{{in.UID, &out.uids, c.byUID}, {in.GID, &out.gids, c.byGID}} {
		for _, n := range ids.from {
			if n < 0 || n >= math.MaxUint32 {
				bad(fmt.Errorf("%d is no id of a user or group", n))
				continue
			}
			*ids.to = append(*ids.to, uint32(n))
			bad(claim(ids.in, uint32(n), out))
		}
	}
	certs, local := len(in.SPKI)+len(in.SAN), len(in.UID)+len(in.GID)
	if certs+local == 0 {
		bad(errors.New("there is nothing to recognise it by: spki, san, uid or gid"))
	}
	if local == 0 && out.Roles.Any(Admin) {
		bad(errors.New("an admin comes over the admin socket and needs a uid or gid"))
	}
	return errors.Join(problems...)
}

func claim[K comparable](in map[K]*Client, key K, who *Client) error {
	if other := in[key]; other != nil && other != who {
		return fmt.Errorf("%v is the client %s already", key, other.Name)
	}
	in[key] = who
	return nil
}
