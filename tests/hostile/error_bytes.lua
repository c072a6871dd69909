-- expect: failed
-- Bytes that are no text, and a message for a terminal to obey.
error("\0\xff\xfe\x1b]0;owned\7\r\n::set-output::\x1b[2J", 0)
