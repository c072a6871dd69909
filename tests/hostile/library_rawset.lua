-- expect: broken read-only
-- Behind the metamethod's back.
rawset(table, "insert", print)
