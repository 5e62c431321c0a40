package main

import (
	"encoding/json"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
)

// The merge patch that Argo CD sends for what an action returned.
func patchTo(object map[string]any, returned json.RawMessage) (json.RawMessage, error) {
	var wanted any
	if err := json.Unmarshal(returned, &wanted); err != nil {
		return nil, err
	}
	before, err := json.Marshal(object)
	if err != nil {
		return nil, err
	}
	after, err := json.Marshal(restoreEmpty(wanted, object))
	if err != nil {
		return nil, err
	}
	return jsonpatch.CreateMergePatch(before, after)
}

// Lua has one empty table for both: what was an empty object came back as an empty list. Argo CD mends that too.
func restoreEmpty(value, was any) any {
	switch value := value.(type) {
	case []any:
		if object, ok := was.(map[string]any); ok && len(value) == 0 {
			return object
		}
		list, _ := was.([]any)
		for i := range value {
			if i < len(list) {
				value[i] = restoreEmpty(value[i], list[i])
			}
		}
	case map[string]any:
		object, _ := was.(map[string]any)
		for key := range value {
			value[key] = restoreEmpty(value[key], object[key])
		}
	}
	return value
}
