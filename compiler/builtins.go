package main

import (
	"regexp"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// native names the builtins that OPA compiles into the module itself. OPA keeps this list in an internal package;
// builtins_test.go compares ours with the builtin_metadata.json of the OPA version that go.mod names.
var native = []string{
	"abs", "all", "and", "any", "array.concat", "array.flatten", "array.reverse", "array.slice", "assign",
	"base64.decode", "base64.encode", "base64.is_valid", "base64url.decode", "base64url.encode", "bits.and",
	"bits.lsh", "bits.negate", "bits.or", "bits.rsh", "bits.xor", "ceil", "concat", "contains", "count", "div",
	"endswith", "eq", "equal", "floor", "format_int", "glob.match", "graph.reachable", "gt", "gte", "indexof",
	"internal.member_2", "internal.member_3", "internal.template_string", "intersection", "is_array",
	"is_boolean", "is_null", "is_number", "is_object", "is_set", "is_string", "json.filter", "json.is_valid",
	"json.marshal", "json.remove", "json.unmarshal", "lower", "lt", "lte", "max", "min", "minus", "mul", "neq",
	"net.cidr_contains", "net.cidr_intersects", "net.cidr_overlap", "numbers.range", "object.filter",
	"object.get", "object.keys", "object.remove", "object.union", "object.union_n", "or", "plus", "product",
	"re_match", "regex.find_all_string_submatch_n", "regex.is_valid", "regex.match", "rem", "replace", "round",
	"set_diff", "sort", "split", "startswith", "strings.replace_n", "strings.reverse", "substring", "sum",
	"to_number", "trim", "trim_left", "trim_prefix", "trim_right", "trim_space", "trim_suffix", "type_name",
	"union", "upper", "walk",
}

// erased names the builtins that OPA's compiler replaces, so that no call of them is left in the module.
var erased = []string{"print", "rego.metadata.chain", "rego.metadata.rule"}

const (
	network = "a decision must not depend on the network: pass what the policy needs as data or as verified facts"
	cast    = "version 1 of Rego has no casts: check the type, as is_array, is_string and the like do"
	chance  = "a decision must be the same when it is replayed: leave chance out of it"
	signing = "a decision must be the same when it is replayed, and a signature is not; a policy holds no secret key: sign elsewhere"
)

// advice says what to do instead of calling a builtin that a policy may not call.
var advice = map[string]string{
	"cast_array":             cast,
	"cast_boolean":           cast,
	"cast_null":              cast,
	"cast_object":            cast,
	"cast_set":               cast,
	"cast_string":            cast,
	"http.send":              network,
	"internal.test_case":     "name a test as test_ and what it shows: there are no cases within one rule",
	"io.jwt.encode_sign":     signing,
	"io.jwt.encode_sign_raw": signing,
	"net.lookup_ip_addr":     network,
	"opa.runtime":            "a decision must not depend on the environment: pass what the policy needs as parameters",
	"providers.aws.sign_req": network,
	"rand.intn":              chance,
	"rego.parse_module":      "a policy cannot read other policies",
	"time.now_ns":            "a decision must be the same when it is replayed: use input.now, for example time.parse_rfc3339_ns(input.now)",
	"trace":                  "remove it: there is no query explanation to write to",
	"uuid.rfc4122":           chance,
}

// capabilities are this version's, with the builtins that either the module or the host can run. The host's names
// come with the request; no schema may be fetched from anywhere.
func capabilities(host []string) *ast.Capabilities {
	allowed := ast.CapabilitiesForThisVersion()
	allowed.AllowNet = []string{}
	allowed.Builtins = slices.DeleteFunc(allowed.Builtins, func(builtin *ast.Builtin) bool {
		name := builtin.Name
		return !slices.Contains(native, name) && !slices.Contains(erased, name) && !slices.Contains(host, name)
	})
	return allowed
}

var undefinedFunction = regexp.MustCompile(`^undefined function (\S+)`)

// explainBuiltin says of a builtin that OPA has and we refuse that it is refused, and what to do, where OPA only
// says that the function is undefined, or that there is nothing that with could replace.
func explainBuiltin(described sourceError, at string) sourceError {
	name := ""
	if found := undefinedFunction.FindStringSubmatch(described.Message); found != nil {
		name = found[1]
	} else if strings.HasPrefix(described.Message, "with keyword target must reference existing") {
		name = at
	}
	if _, known := ast.BuiltinMap[name]; !known {
		return described
	}
	hint, ok := advice[name]
	if !ok {
		hint = "the evaluation has no implementation of it"
	}
	described.Code, described.Message = "builtin_refused", "builtin "+name+" is refused: "+hint
	return described
}
