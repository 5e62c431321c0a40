# OPA's v1/test/authz/testing.go, `Policy`, with the input and the data of BenchmarkAuthzAllow10Paths: a thousand tokens
# with ten paths each. Here the answer is a set, as a policy of ours gives it.
package approval

import data.restauthz.tokens

allow contains "allowed" if {
	token := tokens[input.token_id]
	some authz in token.authz_profiles
	regex.match(authz.path, input.path)
	input.method in authz.methods
}
