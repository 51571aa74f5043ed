package mint

import (
	"context"
	"errors"
	"fmt"

	"github.com/go-json-experiment/json"
)

func parseTerms(text string) ([]Terms, error) {
	var list []Terms
	if err := json.Unmarshal([]byte(text), &list, json.RejectUnknownMembers(true)); err != nil {
		return nil, fmt.Errorf("terms are not what they should be: %w", err)
	}
	return list, CheckTerms(list)
}

// CheckTerms reports what is wrong with a list of terms.
func CheckTerms(list []Terms) error {
	var problems []error
	if len(list) > maxTerms {
		problems = append(problems, fmt.Errorf("there are more than %d terms", maxTerms))
	}
	seen := map[methodUnit]bool{}
	for i, t := range list {
		if err := t.Validate(); err != nil {
			problems = append(problems, fmt.Errorf("terms %d: %w", i+1, err))
		}
		key := methodUnit{t.Method, t.Unit}
		if seen[key] {
			problems = append(problems, fmt.Errorf("terms %d: those of method %q and unit %q are there twice", i+1, t.Method, string(t.Unit)))
		}
		seen[key] = true
	}
	return errors.Join(problems...)
}

// ErrNoTerms: no terms are kept in the database.
var ErrNoTerms = errors.New("no terms are kept in the database")

// StoredTerms reads the terms of the database, or fails with ErrNoTerms.
func StoredTerms(ctx context.Context, r ConfigReads) ([]Terms, error) {
	text, err := r.Config(ctx, ConfigTerms)
	if errors.Is(err, ErrNotFound) {
		return nil, ErrNoTerms
	}
	if err != nil {
		return nil, fmt.Errorf("reading the terms: %w", err)
	}
	return parseTerms(text)
}

// ChangeTerms keeps in the database what is said. It takes back what was said before
// about the same things for the same method and unit, or for a part of them.
func ChangeTerms(ctx context.Context, store Store, said Terms) error {
	if err := said.Validate(); err != nil {
		return err
	}
	return store.Update(ctx, Durable, func(tx Tx) error {
		list, err := StoredTerms(ctx, tx)
		if err != nil && !errors.Is(err, ErrNoTerms) {
			return err
		}
		list = said.join(list)
		if err := CheckTerms(list); err != nil {
			return err
		}
		text, err := json.Marshal(list)
		if err != nil {
			return fmt.Errorf("writing the terms: %w", err)
		}
		return tx.SetConfig(ctx, ConfigTerms, string(text))
	})
}
