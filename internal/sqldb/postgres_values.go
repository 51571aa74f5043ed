package sqldb

import (
	"database/sql/driver"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
)

// postgresArg turns an argument of a statement into one that the driver takes.
func postgresArg(arg any) (any, error) {
	if keys, ok := arg.(Keys); ok {
		list := make([][]byte, len(keys))
		for i, key := range keys {
			if list[i] = key; key == nil {
				list[i] = []byte{} // an empty key, as elsewhere, and not NULL
			}
		}
		return list, nil
	}
	v, err := bind(arg)
	if text, ok := v.(string); ok && (strings.IndexByte(text, 0) >= 0 || !utf8.ValidString(text)) {
		return nil, errors.New("text that is no UTF-8 or has a NUL byte: only binary columns can hold it")
	}
	return v, err
}

func postgresArgs(args []any) ([]any, error) {
	list := make([]any, len(args))
	for i, arg := range args {
		var err error
		if list[i], err = postgresArg(arg); err != nil {
			return nil, fmt.Errorf("argument %d: %w", i+1, err)
		}
	}
	return list, nil
}

// postgresArrays turns rows of arguments into one array for each column, and names
// their SQL types. ok is false if a column has values of several types, or NULLs
// that are not binary.
func postgresArrays(rows [][]any) (arrays []any, types []string, ok bool, err error) {
	for n := range rows[0] {
		column := make([]any, len(rows))
		for i, row := range rows {
			if len(row) != len(rows[0]) {
				return nil, nil, false, fmt.Errorf("row %d has %d arguments, row 1 has %d", i+1, len(row), len(rows[0]))
			}
			if column[i], err = postgresArg(row[n]); err != nil {
				return nil, nil, false, fmt.Errorf("row %d, argument %d: %w", i+1, n+1, err)
			}
		}
		array, name := postgresArray(column)
		if array == nil {
			return nil, nil, false, nil
		}
		arrays, types = append(arrays, array), append(types, name)
	}
	return arrays, types, true, nil
}

func postgresArray(column []any) (array any, name string) {
	switch column[0].(type) {
	case int64:
		return typed[int64](column, "bigint")
	case bool:
		return typed[bool](column, "boolean")
	case string:
		return typed[string](column, "text")
	}
	list := make([][]byte, len(column))
	for i, v := range column {
		b, isBytes := v.([]byte)
		if !isBytes && v != nil {
			return nil, ""
		}
		list[i] = b
	}
	return list, "bytea"
}

func typed[T any](column []any, name string) (any, string) {
	list := make([]T, len(column))
	for i, v := range column {
		var ok bool
		if list[i], ok = v.(T); !ok {
			return nil, ""
		}
	}
	return list, name
}

// postgresColumn reads a column as it came over the wire, in the binary format.
func postgresColumn(field pgconn.FieldDescription, raw []byte) (driver.Value, error) {
	if raw == nil {
		return nil, nil
	}
	size := 0
	switch field.DataTypeOID {
	case pgtype.ByteaOID:
		if field.Format == pgtype.BinaryFormatCode {
			return append(make([]byte, 0, len(raw)), raw...), nil // the buffer is used again
		}
	case pgtype.TextOID, pgtype.VarcharOID, pgtype.NameOID:
		return string(raw), nil
	case pgtype.BoolOID:
		size = 1
	case pgtype.Int2OID:
		size = 2
	case pgtype.Int4OID:
		size = 4
	case pgtype.Int8OID:
		size = 8
	}
	if size == 0 || len(raw) != size || field.Format != pgtype.BinaryFormatCode {
		return nil, fmt.Errorf("a column of the type %d in the format %d cannot be read", field.DataTypeOID, field.Format)
	}
	switch size {
	case 1:
		return raw[0] != 0, nil
	case 2:
		return int64(int16(binary.BigEndian.Uint16(raw))), nil
	case 4:
		return int64(int32(binary.BigEndian.Uint32(raw))), nil
	}
	return int64(binary.BigEndian.Uint64(raw)), nil
}
