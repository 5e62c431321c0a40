package main

import (
	"errors"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// sourceError is one error at one place of a source. Lines and columns count from 1; 0 means that OPA named no place.
type sourceError struct {
	File    string `json:"file"`
	Line    int    `json:"line"`
	Column  int    `json:"column"`
	Code    string `json:"code"`
	Message string `json:"message"`
}

type failed struct {
	Errors []sourceError `json:"errors"`
}

func failure(code, message string) failed {
	return failed{Errors: []sourceError{{Code: code, Message: message}}}
}

// describe turns what OPA returned into errors with their places, as many as it found.
func describe(err error) []sourceError {
	var several ast.Errors
	var single *ast.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &several):
		described := make([]sourceError, 0, len(several))
		for _, each := range several {
			described = append(described, describeOne(each))
		}
		return described
	case errors.As(err, &single):
		return []sourceError{describeOne(single)}
	default:
		return []sourceError{{Code: "rego_compile_error", Message: err.Error()}}
	}
}

func describeOne(err *ast.Error) sourceError {
	described := sourceError{Code: err.Code, Message: err.Message}
	if err.Details != nil {
		for _, line := range err.Details.Lines() {
			if line = strings.TrimSpace(line); line != "" && strings.Trim(line, "^") != "" {
				described.Message += "; " + line
			}
		}
	}
	if err.Location == nil {
		return explainBuiltin(described, "")
	}
	described.File, described.Line, described.Column = err.Location.File, err.Location.Row, err.Location.Col
	return explainBuiltin(described, string(err.Location.Text))
}
