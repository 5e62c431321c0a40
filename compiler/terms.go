package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/open-policy-agent/opa/v1/ast"
)

// Terms cross the border to the host as OPA's WASM runtime writes and reads them (opa_value_dump, opa_value_parse):
// JSON, with {1, 2} and set() for sets, and with any values as keys. Strings are bytes, not necessarily UTF-8.

// readTerm reads one term, and nothing behind it.
func readTerm(text []byte) (*ast.Term, error) {
	reader := termReader{text: text}
	term, err := reader.term()
	if err != nil {
		return nil, err
	}
	if reader.peek() != 0 || reader.at < len(text) {
		return nil, reader.unexpected()
	}
	return term, nil
}

type termReader struct {
	text  []byte
	at    int
	depth int
}

// Go's stack would end the whole reactor; this ends the call.
const maximumDepth = 10_000

var errTooDeep = errors.New("the term is nested too deeply")

func (r *termReader) term() (*ast.Term, error) {
	if r.depth++; r.depth > maximumDepth {
		return nil, errTooDeep
	}
	defer func() { r.depth-- }()
	switch next := r.peek(); {
	case next == '"':
		text, err := r.string()
		return ast.StringTerm(text), err
	case next == '[':
		r.at++
		items, err := r.list(']')
		return ast.ArrayTerm(items...), err
	case next == '{':
		r.at++
		return r.braces()
	case next == '-' || next >= '0' && next <= '9':
		return r.number(), nil
	case r.accept("set()"):
		return ast.SetTerm(), nil
	case r.accept("true"):
		return ast.BooleanTerm(true), nil
	case r.accept("false"):
		return ast.BooleanTerm(false), nil
	case r.accept("null"):
		return ast.NullTerm(), nil
	default:
		return nil, r.unexpected()
	}
}

// braces reads the rest of an object or of a set that is not empty.
func (r *termReader) braces() (*ast.Term, error) {
	if r.peek() == '}' {
		r.at++
		return ast.ObjectTerm(), nil
	}
	first, err := r.term()
	if err != nil {
		return nil, err
	}
	if r.peek() != ':' {
		members := []*ast.Term{first}
		if r.peek() == ',' {
			r.at++
			rest, err := r.list('}')
			return ast.SetTerm(append(members, rest...)...), err
		}
		return ast.SetTerm(members...), r.expect('}')
	}
	var pairs [][2]*ast.Term
	for key := first; ; {
		if err := r.expect(':'); err != nil {
			return nil, err
		}
		value, err := r.term()
		if err != nil {
			return nil, err
		}
		pairs = append(pairs, [2]*ast.Term{key, value})
		if r.peek() != ',' {
			return ast.ObjectTerm(pairs...), r.expect('}')
		}
		r.at++
		if key, err = r.term(); err != nil {
			return nil, err
		}
	}
}

func (r *termReader) list(end byte) ([]*ast.Term, error) {
	var items []*ast.Term
	if r.peek() == end {
		r.at++
		return items, nil
	}
	for {
		item, err := r.term()
		if err != nil {
			return nil, err
		}
		items = append(items, item)
		if r.peek() != ',' {
			return items, r.expect(end)
		}
		r.at++
	}
}

func (r *termReader) number() *ast.Term {
	start := r.at
	for r.at < len(r.text) {
		switch next := r.text[r.at]; {
		case next >= '0' && next <= '9', next == '-', next == '+', next == '.', next == 'e', next == 'E':
			r.at++
			continue
		}
		break
	}
	return ast.NumberTerm(json.Number(r.text[start:r.at]))
}

func (r *termReader) string() (string, error) {
	r.at++
	start := r.at
	var unescaped []byte
	for r.at < len(r.text) {
		switch r.text[r.at] {
		case '"':
			unescaped = append(unescaped, r.text[start:r.at]...)
			r.at++
			return string(unescaped), nil
		case '\\':
			unescaped = append(unescaped, r.text[start:r.at]...)
			character, err := r.escape()
			if err != nil {
				return "", err
			}
			unescaped = append(unescaped, character...)
			start = r.at
		default:
			r.at++
		}
	}
	return "", r.unexpected()
}

func (r *termReader) escape() ([]byte, error) {
	r.at++
	if r.at >= len(r.text) {
		return nil, r.unexpected()
	}
	escaped := r.text[r.at]
	switch escaped {
	case '"', '\\', '/':
	case 'b':
		escaped = '\b'
	case 'f':
		escaped = '\f'
	case 'n':
		escaped = '\n'
	case 'r':
		escaped = '\r'
	case 't':
		escaped = '\t'
	case 'u':
		character, err := r.unicode()
		return utf8.AppendRune(nil, character), err
	default:
		return nil, r.unexpected()
	}
	r.at++
	return []byte{escaped}, nil
}

// unicode reads one \uXXXX, or two that are one character.
func (r *termReader) unicode() (rune, error) {
	first, err := r.unit()
	if err != nil || !utf16.IsSurrogate(first) || !r.follows(`\u`) {
		return first, err
	}
	r.at++
	second, err := r.unit()
	return utf16.DecodeRune(first, second), err
}

func (r *termReader) unit() (rune, error) {
	end := r.at + len("uXXXX")
	if end > len(r.text) {
		return 0, r.unexpected()
	}
	unit, err := strconv.ParseUint(string(r.text[r.at+1:end]), 16, 16)
	r.at = end
	return rune(unit), err
}

// peek skips white space, and gives 0 at the end.
func (r *termReader) peek() byte {
	for r.at < len(r.text) {
		if next := r.text[r.at]; next > ' ' {
			return next
		}
		r.at++
	}
	return 0
}

func (r *termReader) expect(token byte) error {
	if r.peek() != token {
		return r.unexpected()
	}
	r.at++
	return nil
}

func (r *termReader) accept(token string) bool {
	if !r.follows(token) {
		return false
	}
	r.at += len(token)
	return true
}

func (r *termReader) follows(token string) bool {
	return len(r.text)-r.at >= len(token) && string(r.text[r.at:r.at+len(token)]) == token
}

func (r *termReader) unexpected() error {
	return fmt.Errorf("unexpected character at %d of a term of %d bytes", r.at, len(r.text))
}

func appendTerm(to []byte, value ast.Value) []byte {
	switch value := value.(type) {
	case ast.Null:
		return append(to, "null"...)
	case ast.Boolean:
		return strconv.AppendBool(to, bool(value))
	case ast.Number:
		return append(to, value...)
	case ast.String:
		return appendString(to, string(value))
	case *ast.Array:
		to = append(to, '[')
		for i := range value.Len() {
			to = appendTerm(appendComma(to, i), value.Elem(i).Value)
		}
		return append(to, ']')
	case ast.Set:
		if value.Len() == 0 {
			return append(to, "set()"...)
		}
		to = append(to, '{')
		for i, member := range value.Slice() {
			to = appendTerm(appendComma(to, i), member.Value)
		}
		return append(to, '}')
	case ast.Object:
		to = append(to, '{')
		for i, key := range value.Keys() {
			to = append(appendTerm(appendComma(to, i), key.Value), ':')
			to = appendTerm(to, value.Get(key).Value)
		}
		return append(to, '}')
	default:
		panic(fmt.Sprintf("a builtin gave a %T, which is no value", value))
	}
}

func appendComma(to []byte, index int) []byte {
	if index == 0 {
		return to
	}
	return append(to, ',')
}

func appendString(to []byte, text string) []byte {
	const digits = "0123456789abcdef"
	to = append(to, '"')
	for i := range len(text) {
		switch character := text[i]; {
		case character == '"' || character == '\\':
			to = append(to, '\\', character)
		case character < ' ':
			to = append(to, '\\', 'u', '0', '0', digits[character>>4], digits[character&15])
		default:
			to = append(to, character)
		}
	}
	return append(to, '"')
}
