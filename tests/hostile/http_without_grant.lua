-- expect: refused http
-- A host that is not granted.
return pipe.http("http://169.254.169.254/latest/meta-data/")
