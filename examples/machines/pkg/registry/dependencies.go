package registry

// Dependencies contains the clients and connections of the code that serves the kinds. The embedded base has clients and
// informers of kube-apiserver and of this apiserver, the authorizer, and event recorders. Strategies and admission
// plugins get them in their method Setup.
//
// To add more, such as a cache or a connection to a database, add fields, and set them in the method Dependencies of Options in
// pkg/apiserver. To release them at shutdown, declare Close on *Dependencies.
type Dependencies struct{ base }
