package main

import (
	"strings"
	"testing"
)

func TestTermsCrossTheBorderUnchanged(t *testing.T) {
	for _, text := range []string{
		`null`, `true`, `false`, `""`, `[]`, `{}`, `set()`,
		`12345678901234567890123`, `-0.5`, `1e+100`,
		`{1,2,"a"}`, `{{1},{2}}`, `{[1]:{2},{"a":1}:null,7:set()}`,
		`"a\"b\\c\u0000\u001f"`, "\"\u00e9 \U0001f600 \xff\"",
	} {
		term, err := readTerm([]byte(text))
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		again, err := readTerm(appendTerm(nil, term.Value))
		if err != nil || term.Value.Compare(again.Value) != 0 {
			t.Errorf("%s became %v (%v)", text, again, err)
		}
	}
}

func TestTermsAreWrittenAsOPAsRuntimeReadsThem(t *testing.T) {
	for source, want := range map[string]string{
		`{"b": {3, 1}, "a": [1.50, null]}`: `{"a":[1.50,null],"b":{1,3}}`,
		`"\u00e9\ud83d\ude00\n"`:           "\"é😀\\u000a\"",
		`set()`:                            `set()`,
	} {
		term, err := readTerm([]byte(source))
		if err != nil {
			t.Errorf("%s: %v", source, err)
		} else if got := string(appendTerm(nil, term.Value)); got != want {
			t.Errorf("%s: got %s, want %s", source, got, want)
		}
	}
}

func TestWhatIsNoTermIsAnError(t *testing.T) {
	for _, text := range []string{``, `[`, `[1`, `[1,]`, `{1`, `{1:}`, `{1:2`, `{1:2,}`, `"`, `"\`, `"\u12`, `"\x"`, `tru`, `1 2`, `{1 2}`} {
		if term, err := readTerm([]byte(text)); err == nil {
			t.Errorf("%s gave %v", text, term)
		}
	}
	if _, err := readTerm([]byte(strings.Repeat("[", 100_000))); err != errTooDeep {
		t.Errorf("deep: %v", err)
	}
}

func TestCallsOfBuiltins(t *testing.T) {
	const noon = `1700000000000000000`
	for _, each := range []struct {
		call    string
		outcome int32
		result  string
	}{
		{`["net.cidr_merge", null, [["192.0.2.0/25", "192.0.2.128/25"]]]`, defined, `{"192.0.2.0/24"}`},
		{`["units.parse", null, ["5 apples"]]`, undefined, ``},
		{`["crypto.x509.parse_and_verify_certificates", null, ["x"]]`, undefined, ``},
		{`["crypto.x509.parse_and_verify_certificates", ` + noon + `, ["x"]]`, defined, `[false,[]]`},
		{`["nobody.knows", null, []]`, crashed, `OPA has no builtin nobody.knows`},
		{`["units.parse", null]`, crashed, errNoCall.Error()},
	} {
		result, outcome := callBuiltin([]byte(each.call))
		if outcome != each.outcome || string(result) != each.result {
			t.Errorf("%s gave %d %s", each.call, outcome, result)
		}
	}
}

func TestAPanicIsNoResult(t *testing.T) {
	// Without its operands a builtin reads beyond them.
	if _, outcome := callBuiltin([]byte(`["units.parse", null, []]`)); outcome != crashed {
		t.Errorf("outcome %d", outcome)
	}
}

func TestTheErrorsOfADocumentHaveOneOrder(t *testing.T) {
	const call = `["json.match_schema", null, [{"a": "x", "b": "x", "c": "x"},
		{"properties": {"a": {"type": "null"}, "b": {"type": "null"}, "c": {"type": "null"}}}]]`
	first, _ := callBuiltin([]byte(call))
	for range 50 {
		if again, _ := callBuiltin([]byte(call)); string(again) != string(first) {
			t.Fatalf("%s, and then %s", first, again)
		}
	}
}

func TestASchemaIsNotFetched(t *testing.T) {
	result, _ := callBuiltin([]byte(`["json.verify_schema", null, [{"$ref": "http://127.0.0.1/schema.json"}]]`))
	if !strings.Contains(string(result), "remote reference loading disabled") {
		t.Errorf("%s", result)
	}
}
