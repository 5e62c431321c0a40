package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/metrics"
	"github.com/open-policy-agent/opa/v1/topdown"
)

// The outcomes of a call, as the host reads them.
const (
	undefined int32 = iota
	defined
	crashed
)

// callBuiltin runs one of OPA's own builtins. The call is one term, [name, now, [operand, …]], with now in nanoseconds
// since 1970 or null; the result is a term. A builtin that errs is undefined, as in OPA.
func callBuiltin(text []byte) (result []byte, outcome int32) {
	defer func() {
		if cause := recover(); cause != nil {
			result, outcome = fmt.Append(nil, cause), crashed
		}
	}()
	name, now, operands, err := readCall(text)
	if err != nil {
		return []byte(err.Error()), crashed
	}
	builtin := topdown.GetBuiltin(name)
	if builtin == nil {
		return []byte("OPA has no builtin " + name), crashed
	}
	if needsPresent(name, operands) && now.Value.Compare(ast.NullValue) == 0 {
		return nil, undefined
	}
	bctx := topdown.BuiltinContext{
		Context: context.Background(),
		Metrics: metrics.NoOp(),
		Time:    now,
		Cancel:  topdown.NewCancel(),
		// No schema may be fetched from anywhere.
		Capabilities: &ast.Capabilities{AllowNet: []string{}},
	}
	err = builtin(bctx, operands, func(value *ast.Term) error {
		result, outcome = appendTerm(nil, settle(name, value).Value), defined
		return nil
	})
	if err != nil {
		return nil, undefined
	}
	return result, outcome
}

var errNoCall = errors.New("a call is [name, now, [operand, …]]")

func readCall(text []byte) (name string, now *ast.Term, operands []*ast.Term, err error) {
	term, err := readTerm(text)
	if err != nil {
		return "", nil, nil, err
	}
	call, ok := term.Value.(*ast.Array)
	if !ok || call.Len() != 3 {
		return "", nil, nil, errNoCall
	}
	named, ok := call.Elem(0).Value.(ast.String)
	listed, isArray := call.Elem(2).Value.(*ast.Array)
	if !ok || !isArray {
		return "", nil, nil, errNoCall
	}
	listed.Foreach(func(operand *ast.Term) { operands = append(operands, operand) })
	return string(named), call.Elem(1), operands, nil
}

// needsPresent tells the calls that ask Go's clock, which the host sets to the decision's now: without a now they have
// nothing to go by. io.jwt.decode_verify takes its time from the context, where a null makes it err by itself.
func needsPresent(name string, operands []*ast.Term) bool {
	switch name {
	case "crypto.x509.parse_and_verify_certificates":
		return true
	case "crypto.x509.parse_and_verify_certificates_with_options":
		options, ok := operands[1].Value.(ast.Object)
		return !ok || options.Get(ast.StringTerm("CurrentTime")) == nil
	default:
		return false
	}
}

// settle puts in one order what OPA gives in an order of chance: the errors of a document, as it finds them in maps.
func settle(name string, value *ast.Term) *ast.Term {
	pair, ok := value.Value.(*ast.Array)
	if name != "json.match_schema" || !ok || pair.Len() != 2 {
		return value
	}
	found, ok := pair.Elem(1).Value.(*ast.Array)
	if !ok {
		return value
	}
	return ast.ArrayTerm(pair.Elem(0), ast.NewTerm(found.Sorted()))
}
