// Command compiler is OPA's Rego compiler, with the builtins of OPA's interpreter, as a WASI reactor.
//
// The host writes a JSON request into memory that it asked for with allocate, calls run, and reads the JSON response
// at response_pointer. A compiled module lies at module_pointer, as bytes. The reactor needs no file, no network and
// no environment: everything that it reads is in the request. A builtin is called in the same way, by call.
package main

import (
	"encoding/json"
	"fmt"
	"unsafe"
)

// The buffers of one call, kept here so that the garbage collector leaves them alone while the host reads them.
var request, response, module []byte

func main() {}

//go:wasmexport allocate
func allocate(length uint32) unsafe.Pointer {
	request = make([]byte, length)
	return pointer(request)
}

//go:wasmexport run
func run() {
	response, module = respond(request)
	request = nil
}

// call calls a builtin of OPA's: the request is a term and so is the response, see callBuiltin.
//
//go:wasmexport call
func call() int32 {
	var outcome int32
	response, outcome = callBuiltin(request)
	request, module = nil, nil
	return outcome
}

//go:wasmexport response_pointer
func responsePointer() unsafe.Pointer { return pointer(response) }

//go:wasmexport response_length
func responseLength() uint32 { return uint32(len(response)) }

//go:wasmexport module_pointer
func modulePointer() unsafe.Pointer { return pointer(module) }

//go:wasmexport module_length
func moduleLength() uint32 { return uint32(len(module)) }

func pointer(buffer []byte) unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(buffer)) }

type operation struct {
	Operation string `json:"operation"`
	compileRequest
	formatRequest
	lintRequest
	instrumentRequest
}

// respond never panics: a source that makes OPA panic is an error like any other.
func respond(body []byte) (encoded, wasm []byte) {
	var result any
	defer func() {
		if cause := recover(); cause != nil {
			encoded, wasm = encode(failure("internal_error", fmt.Sprint(cause))), nil
		}
	}()
	var asked operation
	if err := json.Unmarshal(body, &asked); err != nil {
		return encode(failure("internal_error", err.Error())), nil
	}
	switch asked.Operation {
	case "compile":
		result, wasm = compilePolicy(asked.compileRequest)
	case "tests":
		result = listTests(asked.compileRequest)
	case "instrument":
		result, wasm = instrumentPolicy(asked.compileRequest, asked.instrumentRequest)
	case "lint":
		result = lintPolicy(asked.compileRequest, asked.lintRequest)
	case "format":
		result = formatModule(asked.formatRequest)
	case "version":
		result = version()
	default:
		result = failure("internal_error", fmt.Sprintf("unknown operation %q", asked.Operation))
	}
	return encode(result), wasm
}

func encode(result any) []byte {
	encoded, err := json.Marshal(result)
	if err != nil {
		panic(err)
	}
	return encoded
}
