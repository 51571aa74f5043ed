package sqldb

import (
	"database/sql/driver"
	"encoding/hex"
	"fmt"
	"math"
)

// bind turns an argument of a statement into one that the driver takes.
func bind(arg any) (driver.Value, error) {
	switch v := arg.(type) {
	case nil, bool, int64, string:
		return v, nil
	case []byte:
		if v == nil {
			return nil, nil
		}
		return v, nil
	case int:
		return int64(v), nil
	case int32:
		return int64(v), nil
	case uint8:
		return int64(v), nil
	case uint32:
		return int64(v), nil
	case uint64:
		return int64(v), nil // the same 64 bits; scan turns them back
	case Keys:
		return v.json(), nil
	}
	return nil, fmt.Errorf("an argument of type %T is not supported", arg)
}

// json is the keys as a JSON array of hexadecimal strings.
func (k Keys) json() string {
	size := 2
	for _, key := range k {
		size += 2*len(key) + 3
	}
	b := make([]byte, 0, size)
	b = append(b, '[')
	for i, key := range k {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, '"')
		b = hex.AppendEncode(b, key)
		b = append(b, '"')
	}
	return string(append(b, ']'))
}

// scanRow copies the columns of a row.
func scanRow(row []driver.Value, dest []any) error {
	if len(row) != len(dest) {
		return fmt.Errorf("scan %d columns into %d variables", len(row), len(dest))
	}
	for i, d := range dest {
		if err := scanColumn(row[i], d); err != nil {
			return fmt.Errorf("scan column %d: %w", i+1, err)
		}
	}
	return nil
}

func scanColumn(v driver.Value, dest any) error {
	switch d := dest.(type) {
	case nil:
		return nil
	case *[]byte:
		switch v := v.(type) {
		case nil:
			*d = nil
		case []byte:
			if v == nil {
				v = []byte{} // empty, which is not NULL
			}
			*d = v // the driver made the copy
		case string:
			*d = []byte(v)
		default:
			return fmt.Errorf("%T is not binary", v)
		}
		return nil
	case *string:
		switch v := v.(type) {
		case nil:
			*d = ""
		case []byte:
			*d = string(v)
		case string:
			*d = v
		default:
			return fmt.Errorf("%T is not text", v)
		}
		return nil
	}
	return scanNumber(v, dest)
}

func scanNumber(v driver.Value, dest any) error {
	var n int64
	switch v := v.(type) {
	case nil:
	case int64:
		n = v
	case bool:
		if v {
			n = 1
		}
	default:
		return fmt.Errorf("%T is not a number", v)
	}
	low, high := int64(math.MinInt64), int64(math.MaxInt64)
	switch dest.(type) {
	case *bool:
		low, high = 0, 1
	case *uint8:
		low, high = 0, math.MaxUint8
	case *int32:
		low, high = math.MinInt32, math.MaxInt32
	case *uint32:
		low, high = 0, math.MaxUint32
	case *int:
		low, high = math.MinInt, math.MaxInt
	}
	if n < low || n > high {
		return fmt.Errorf("%d does not fit into %T", n, dest)
	}
	switch d := dest.(type) {
	case *bool:
		*d = n == 1
	case *uint8:
		*d = uint8(n)
	case *int32:
		*d = int32(n)
	case *uint32:
		*d = uint32(n)
	case *int:
		*d = int(n)
	case *int64:
		*d = n
	case *uint64:
		*d = uint64(n)
	default:
		return fmt.Errorf("a variable of type %T is not supported", dest)
	}
	return nil
}
