# OPA's docs/docs/envoy/performance.md, "App, Envoy and OPA (RBAC policy)". Here it is in the Rego of today, and the
# answer is a set, as a policy of ours gives it.
package approval

http_request := input.attributes.request.http

allow contains r if {
	roles_for_user[r]
	required_roles[r]
}

roles_for_user contains r if {
	r := user_roles[user_name][_]
}

required_roles contains r if {
	perm := role_perms[r][_]
	perm.method == http_request.method
	perm.path == http_request.path
}

user_name := parsed if {
	[_, encoded] := split(http_request.headers.authorization, " ")
	[parsed, _] := split(base64url.decode(encoded), ":")
}

user_roles := {
	"alice": ["guest"],
	"bob": ["admin"],
}

role_perms := {
	"guest": [{"method": "GET", "path": "/people"}],
	"admin": [
		{"method": "GET", "path": "/people"},
		{"method": "POST", "path": "/people"},
	],
}
