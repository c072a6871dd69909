-- expect: broken pattern too complex
-- As many items waiting for each other as there is pattern.
string.find(("a"):rep(100000), ("a?"):rep(100000))
