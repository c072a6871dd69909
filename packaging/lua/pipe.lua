---@meta pipe

-- The library of pipe's scripts, for editors: made from the table that it is made from. `pipe lua annotations` writes it.

---Everything that scripts can do.
---@class pipe
---@field json pipe.json JSON
---@field yaml pipe.yaml YAML
---@field test table? in files of tests alone (`pipe lua test`): runs a script in a world made of tables
pipe = {}

---JSON.
---@class pipe.json
---@field null userdata JSON's null inside of lists and objects: what is decoded has it, and it can be encoded
pipe.json = {}

---YAML, read as pipeline files are.
---@class pipe.yaml
pipe.yaml = {}

---What is known of the run and the job at hand.
---@class pipe.Context
---@field point string? where the script is called: "before_job", "gate", "compile", ...
---@field run pipe.Run? the run; nil: there is none yet
---@field job pipe.Job? the job; nil in what belongs to the whole run
---@field vars pipe.Variables variables, as a job's environment has them
---@field with table<string, any> arguments from the pipeline file (`with:`)
---@field evidence pipe.Evidence what the jobs so far have reported
---@field baseline pipe.Evidence? the same of the run that this one is compared with
---@field no_baseline string? why there is none
---@field history pipe.History earlier runs
---@field changes string[] the files of this change; raises an error where that cannot be found out
---@field graph fun(filter?: pipe.PlannedJobFilter): pipe.PlannedJobRows the jobs of this run's plan, in their order
---@field event table<string, any>? `on_event`: the event, as docs/events.md says
---@field steps pipe.Step[]? `evaluate` of a stage: how its steps ended

---A run.
---@class pipe.Run
---@field number integer? the run's number; nil: none yet
---@field file string? the pipeline file
---@field name string? the pipeline's name
---@field source string? what caused it: "push", "merge_request_event", "schedule", ...
---@field branch string? the branch
---@field tag string? the tag
---@field sha string? the commit
---@field title string? first line of the commit's message
---@field target string? the branch that the merge request is for
---@field status string? "running", "success", "failed", ...
---@field project string? the project's name
---@field started number? seconds since 1970
---@field duration number? seconds

---A job.
---@class pipe.Job
---@field name string the job's name
---@field base string? the name without what `parallel` adds
---@field stage string? its stage
---@field status string? "running", "success", "failed", ...
---@field reason string? why it ended as it did, in words
---@field failure string? of one that failed: "script_failure", ...
---@field environment string? where it deploys to
---@field attempt integer which try this is
---@field exit_code integer? of its script
---@field started number? seconds since 1970
---@field duration number? seconds
---@field allow_failure boolean its failure does not fail the run
---@field tags string[] its tags

---Variables by name: `ctx.vars.CI_COMMIT_BRANCH`. nil: there is no such variable. Masked ones have to be granted.
---@class pipe.Variables
---@field [string] string?

---How a step of a stage ended.
---@class pipe.Step
---@field title string what it did
---@field state string "success", "failed", "timed_out", "cancelled", "system", "skipped", "pending"
---@field exit_code integer? of its program
---@field reason string? why it failed
---@field duration number? seconds
---@field output string? what it wrote, where that is kept

---What a run, or a job of it, has reported.
---@class pipe.Evidence
---@field run integer? number of the run that it is of
---@field branch string? of the baseline: its branch
---@field tests pipe.Tests test cases: sums, and rows
---@field findings pipe.Findings findings of analysers, compilers and scanners: sums, and rows
---@field coverage pipe.Coverage coverage: sums, and rows by file
---@field metrics pipe.Metrics metrics: values by name, and rows
---@field components fun(filter?: pipe.ComponentFilter): pipe.ComponentRows what the SBOMs list
---@field images fun(filter?: pipe.ImageFilter): pipe.ImageRows images that were built
---@field conditions fun(filter?: pipe.ConditionFilter): pipe.ConditionRows conditions that gates have judged
---@field job pipe.Evidence? of ctx.evidence: what this very job has reported

---Sums over test cases; called with a filter, the cases. Quarantined ones are not counted.
---@class pipe.Tests
---@field passed integer how many
---@field failed integer an assertion did not hold
---@field errors integer it broke: an exception, a crash
---@field flaky integer it failed, and passed on another try
---@field skipped integer not run
---@field quarantined integer known to be unreliable
---@field total integer all but quarantined ones
---@field duration number seconds, of all together
---@field known boolean some report told of tests: 0 is then a result, and not the lack of one
---@overload fun(filter?: pipe.TestFilter): pipe.TestRows

---Findings by severity.
---@class pipe.FindingCounts
---@field critical integer how many
---@field high integer how many
---@field medium integer how many
---@field low integer how many
---@field info integer how many
---@field unknown integer how many
---@field total integer all of them; suppressed ones are not counted
---@field known boolean some tool reported: 0 is then a result, and not the lack of one

---Findings of all kinds by severity, and those of a kind; called with a filter, the findings.
---@class pipe.Findings
---@field critical integer how many
---@field high integer how many
---@field medium integer how many
---@field low integer how many
---@field info integer how many
---@field unknown integer how many
---@field total integer all of them; suppressed ones are not counted
---@field known boolean some tool reported: 0 is then a result, and not the lack of one
---@field suppressed integer that the tools were told to pass over
---@field issue pipe.FindingCounts an analyser's: bugs, smells, style
---@field warning pipe.FindingCounts a compiler's
---@field vulnerability pipe.FindingCounts known ones in packages
---@field secret pipe.FindingCounts secrets in files
---@field misconfiguration pipe.FindingCounts of infrastructure
---@field license pipe.FindingCounts of licences
---@overload fun(filter?: pipe.FindingFilter): pipe.FindingRows

---Sums over all source files; called with a filter, the files.
---@class pipe.Coverage
---@field lines number? per cent of the lines that were reached; nil: there are none
---@field lines_hit integer lines that were reached
---@field lines_total integer lines that could be
---@field branches number? per cent of the branches that were taken; nil: there are none
---@field branches_hit integer branches that were taken
---@field branches_total integer branches that could be
---@field files integer how many
---@field known boolean some report told of coverage
---@overload fun(filter?: pipe.FileCoverageFilter): pipe.FileCoverageRows

---Values by name, summed over their labels: `ctx.evidence.metrics["bundle_bytes"]`; nil: there is no such metric. Called with a filter, each with its labels.
---@class pipe.Metrics
---@field [string] number?
---@overload fun(filter?: pipe.MetricFilter): pipe.MetricRows

---Runs that are in the history, the newest first.
---@class pipe.History
---@field runs fun(filter?: pipe.PastRunFilter): pipe.PastRunRows runs before this one
---@field jobs fun(filter?: pipe.PastJobFilter): pipe.PastJobRows jobs of those runs, or of one
---@field run fun(number: integer): pipe.Evidence the evidence of a run

---Rows, one after the other: `for row in rows do`. They are looked up while the loop goes on, and from the beginning by each loop and each method.
---@class pipe.Rows
---@overload fun(): T?

---Options of pipe.http.
---@class pipe.HttpOptions
---@field method string? "GET", or with a body "POST"
---@field headers table<string, string>? headers by name
---@field body string? what is sent
---@field json any what is sent, as JSON
---@field timeout number? seconds: 30, and never longer than the script has
---@field insecure boolean? the server's certificate is not looked at
---@field follow boolean? redirects are followed, as far as they lead to what is granted: true

---What a server answered.
---@class pipe.HttpReply
---@field status integer 200, 404, ...
---@field ok boolean the status is 200 to 299
---@field headers table<string, string> headers by lower-case name
---@field body string what was sent back, at most 16 MiB
---@field json fun(): any, string? the body decoded; nil and why where it is no JSON
---@field ms number how long it took, in milliseconds

---Options of pipe.exec.
---@class pipe.ExecOptions
---@field env table<string, string>? variables on top of the job's
---@field directory string? where it runs, in the workspace
---@field input string? its standard input
---@field timeout number? seconds; never longer than the script has

---How a program ended.
---@class pipe.ExecResult
---@field code integer its exit code
---@field ok boolean the code is 0
---@field output string standard output and standard error, at most 16 MiB
---@field truncated boolean there was more
---@field ms number how long it took, in milliseconds

---What stands below an annotation's label.
---@class pipe.Annotation
---@field text string? a note
---@field url string? where to read more

---More about a metric.
---@class pipe.MetricOptions
---@field unit string? "bytes", "s"
---@field labels table<string, string>? labels by name
---@field help string? what it is

---A finding.
---@class pipe.FindingOptions
---@field message string what is wrong
---@field rule string? which rule
---@field path string? in which file
---@field line integer? where it begins
---@field column integer? in which column
---@field end_line integer? where it ends
---@field severity "critical"|"high"|"medium"|"low"|"info"|"unknown"|nil how bad it is: "medium"
---@field kind "issue"|"warning"|"vulnerability"|"secret"|"misconfiguration"|"license"|nil what sort of finding: "issue"
---@field tool string? who found it: "lua"
---@field package string? of a vulnerability: the package
---@field installed string? its version
---@field fixed string? the version that has it mended
---@field url string? where to read more

---A message to a chat that takes Slack's webhooks.
---@class pipe.SlackMessage
---@field slack string the webhook's address
---@field text string? the message
---@field blocks table[]? its layout (Slack's Block Kit)

---A message to whoever listens.
---@class pipe.WebhookMessage
---@field webhook string the address
---@field json any what is posted to it

---A mail.
---@class pipe.MailMessage
---@field mail pipe.Mail the mail

---A mail.
---@class pipe.Mail
---@field server string smtp://host:25 or smtps://host:465
---@field from string "ci@example.com" or "CI <ci@example.com>"
---@field to string|string[] who receives it
---@field subject string one line
---@field text string the text
---@field user string? name at the server
---@field password string? and password; told over TLS only

---A point in time, as a calendar and a clock show it.
---@class pipe.Date
---@field year integer 2026
---@field month integer 1 to 12
---@field day integer 1 to 31
---@field hour integer 0 to 23
---@field min integer 0 to 59
---@field sec integer 0 to 60
---@field wday integer 1: Sunday, to 7
---@field yday integer 1 to 366
---@field zone string "UTC", "CET"

---Options of pipe.json.encode.
---@class pipe.JsonOptions
---@field pretty boolean? on several lines, indented

---A test case as a report tells of it.
---@class pipe.Test
---@field suite string class, package or file that the test belongs to; "": not said
---@field name string the test's name
---@field file string its source file, or a pattern (`src/**`); "": not said
---@field line integer? where it stands there
---@field status "failed"|"error"|"flaky"|"passed"|"skipped" how it ended; flaky: it failed, and passed on another try
---@field expected boolean it passed because it was expected to fail, or failed because it did not
---@field duration number? seconds
---@field message string why it failed or was skipped, its first words; "": not said
---@field details string the whole: a traceback, output; "": not said
---@field failures integer of a flaky test: how many tries failed
---@field quarantined boolean known to be unreliable: it does not count; rows have none of these unless the filter says true
---@field job string the job whose report said so

---Which of the tests: all that is said must hold.
---@class pipe.TestFilter
---@field suite? string class, package or file that the test belongs to; "": not said
---@field name? string the test's name
---@field file? string its source file, or a pattern (`src/**`); "": not said
---@field status? "failed"|"error"|"flaky"|"passed"|"skipped" how it ended; flaky: it failed, and passed on another try
---@field quarantined? boolean known to be unreliable: it does not count; rows have none of these unless the filter says true
---@field job? string the job whose report said so
---@field limit? integer so many at the most
---@field new? boolean true: only what the baseline has not

---@class pipe.TestRows: pipe.Rows
---@field list fun(self: pipe.TestRows, limit?: integer): pipe.Test[] the rows as a list
---@field first fun(self: pipe.TestRows): pipe.Test? the first row
---@field count fun(self: pipe.TestRows): integer how many there are
---@overload fun(): pipe.Test?

---Something that an analyser, a compiler or a scanner found.
---@class pipe.Finding
---@field kind "issue"|"warning"|"vulnerability"|"secret"|"misconfiguration"|"license" what sort of finding it is
---@field severity "unknown"|"info"|"low"|"medium"|"high"|"critical" how bad it is; as a filter: at least so bad
---@field suppressed boolean the tool was told to pass over it; rows have none of these unless the filter says true
---@field tool string who found it: "cppcheck"
---@field rule string which rule: "nullPointer", "CVE-2024-1234"
---@field path string file, lock file or image layer, or a pattern (`src/**`); "": not said
---@field line integer? where it begins there
---@field column integer? and in which column
---@field end_line integer? where it ends
---@field message string what is wrong
---@field fingerprint string what it is recognised by in other runs
---@field package string of a vulnerability: the package; "": not said
---@field installed string its version
---@field fixed string the version that has it mended; "": none
---@field fixable boolean there is a version that has it mended
---@field url string where to read more; "": not said
---@field job string the job whose report said so

---Which of the findings: all that is said must hold.
---@class pipe.FindingFilter
---@field kind? "issue"|"warning"|"vulnerability"|"secret"|"misconfiguration"|"license" what sort of finding it is
---@field severity? "unknown"|"info"|"low"|"medium"|"high"|"critical" how bad it is; as a filter: at least so bad
---@field tool? string who found it: "cppcheck"
---@field rule? string which rule: "nullPointer", "CVE-2024-1234"
---@field path? string file, lock file or image layer, or a pattern (`src/**`); "": not said
---@field package? string of a vulnerability: the package; "": not said
---@field fixable? boolean there is a version that has it mended
---@field job? string the job whose report said so
---@field limit? integer so many at the most
---@field new? boolean true: only what the baseline has not
---@field suppressed? boolean true: suppressed ones, too
---@field touched? "files"|"lines" only in files, or on lines, that this change touched

---@class pipe.FindingRows: pipe.Rows
---@field list fun(self: pipe.FindingRows, limit?: integer): pipe.Finding[] the rows as a list
---@field first fun(self: pipe.FindingRows): pipe.Finding? the first row
---@field count fun(self: pipe.FindingRows): integer how many there are
---@overload fun(): pipe.Finding?

---Coverage of one source file.
---@class pipe.FileCoverage
---@field path string the source file, or a pattern (`src/**`)
---@field lines integer lines that could be reached
---@field hit integer and those that were
---@field percent number? hit of lines, 0 to 100; nil without lines
---@field branches integer branches that could be taken
---@field branches_hit integer and those that were
---@field job string? the job, where one was asked for

---Which of the coverage: all that is said must hold.
---@class pipe.FileCoverageFilter
---@field path? string the source file, or a pattern (`src/**`)
---@field limit? integer so many at the most

---@class pipe.FileCoverageRows: pipe.Rows
---@field list fun(self: pipe.FileCoverageRows, limit?: integer): pipe.FileCoverage[] the rows as a list
---@field first fun(self: pipe.FileCoverageRows): pipe.FileCoverage? the first row
---@field count fun(self: pipe.FileCoverageRows): integer how many there are
---@overload fun(): pipe.FileCoverage?

---A metric with one set of labels.
---@class pipe.Metric
---@field name string the metric's name
---@field labels string key="value",...: sorted by key; "": none
---@field value number its value
---@field unit string "bytes", "s"; "": not said
---@field help string what it is; "": not said
---@field job string the job whose report said so

---Which of the metrics: all that is said must hold.
---@class pipe.MetricFilter
---@field name? string the metric's name
---@field labels? string key="value",...: sorted by key; "": none
---@field job? string the job whose report said so
---@field limit? integer so many at the most

---@class pipe.MetricRows: pipe.Rows
---@field list fun(self: pipe.MetricRows, limit?: integer): pipe.Metric[] the rows as a list
---@field first fun(self: pipe.MetricRows): pipe.Metric? the first row
---@field count fun(self: pipe.MetricRows): integer how many there are
---@overload fun(): pipe.Metric?

---A component of an SBOM.
---@class pipe.Component
---@field name string the component's name
---@field version string its version; "": not said
---@field type string "library", "application", ...; "": not said
---@field purl string its package URL; "": none
---@field licenses string an SPDX expression, or names joined by " AND "; "": not said
---@field job string the job whose report said so

---Which of the components: all that is said must hold.
---@class pipe.ComponentFilter
---@field name? string the component's name
---@field type? string "library", "application", ...; "": not said
---@field licenses? string an SPDX expression, or names joined by " AND "; "": not said
---@field job? string the job whose report said so
---@field limit? integer so many at the most

---@class pipe.ComponentRows: pipe.Rows
---@field list fun(self: pipe.ComponentRows, limit?: integer): pipe.Component[] the rows as a list
---@field first fun(self: pipe.ComponentRows): pipe.Component? the first row
---@field count fun(self: pipe.ComponentRows): integer how many there are
---@overload fun(): pipe.Component?

---An image that was built.
---@class pipe.Image
---@field name string the image's reference with its tag
---@field digest string sha256:...
---@field bytes integer? compressed size of its layers
---@field job string the job whose report said so

---Which of the images: all that is said must hold.
---@class pipe.ImageFilter
---@field name? string the image's reference with its tag
---@field job? string the job whose report said so
---@field limit? integer so many at the most

---@class pipe.ImageRows: pipe.Rows
---@field list fun(self: pipe.ImageRows, limit?: integer): pipe.Image[] the rows as a list
---@field first fun(self: pipe.ImageRows): pipe.Image? the first row
---@field count fun(self: pipe.ImageRows): integer how many there are
---@overload fun(): pipe.Image?

---A condition that a gate has judged.
---@class pipe.Condition
---@field subject string what was judged: "coverage of changed lines"
---@field value string what it was: "78.4 %"
---@field bound string what it had to be: ">= 80 %"
---@field verdict string "pass", "warn", "fail", "no data", "no baseline"...
---@field detail string what it was compared with, which ones
---@field job string the job whose report said so

---Which of the conditions: all that is said must hold.
---@class pipe.ConditionFilter
---@field subject? string what was judged: "coverage of changed lines"
---@field verdict? string "pass", "warn", "fail", "no data", "no baseline"...
---@field job? string the job whose report said so
---@field limit? integer so many at the most

---@class pipe.ConditionRows: pipe.Rows
---@field list fun(self: pipe.ConditionRows, limit?: integer): pipe.Condition[] the rows as a list
---@field first fun(self: pipe.ConditionRows): pipe.Condition? the first row
---@field count fun(self: pipe.ConditionRows): integer how many there are
---@overload fun(): pipe.Condition?

---A run of the history.
---@class pipe.PastRun
---@field number integer the run's number
---@field file string the pipeline file
---@field name string? the pipeline's name
---@field branch string? the branch
---@field sha string? the commit
---@field source string? what caused it: "push", "schedule", ...
---@field status string "success", "failed", ...
---@field title string? first line of the commit's message
---@field started number? seconds since 1970
---@field duration number? seconds; nil while it runs

---Which of the runs: all that is said must hold.
---@class pipe.PastRunFilter
---@field file? string the pipeline file
---@field branch? string the branch
---@field source? string what caused it: "push", "schedule", ...
---@field status? string "success", "failed", ...
---@field limit? integer so many at the most

---@class pipe.PastRunRows: pipe.Rows
---@field list fun(self: pipe.PastRunRows, limit?: integer): pipe.PastRun[] the rows as a list
---@field first fun(self: pipe.PastRunRows): pipe.PastRun? the first row
---@field count fun(self: pipe.PastRunRows): integer how many there are
---@overload fun(): pipe.PastRun?

---A job of the history.
---@class pipe.PastJob
---@field run integer number of its run
---@field name string the job's name
---@field base string the name without what `parallel` adds
---@field stage string? its stage
---@field status string "success", "failed", "skipped", ...
---@field attempt integer? how many times it was tried
---@field exit_code integer? of its script
---@field reason string? why it ended as it did, in words
---@field failure string? "script_failure", ...: of one that failed
---@field environment string? where it deployed to
---@field started number? seconds since 1970
---@field duration number? seconds

---Which of the jobs: all that is said must hold.
---@class pipe.PastJobFilter
---@field name? string the job's name
---@field stage? string its stage
---@field status? string "success", "failed", "skipped", ...
---@field environment? string where it deployed to
---@field limit? integer so many at the most
---@field run? integer only those of this run

---@class pipe.PastJobRows: pipe.Rows
---@field list fun(self: pipe.PastJobRows, limit?: integer): pipe.PastJob[] the rows as a list
---@field first fun(self: pipe.PastJobRows): pipe.PastJob? the first row
---@field count fun(self: pipe.PastJobRows): integer how many there are
---@overload fun(): pipe.PastJob?

---A job of this run's plan.
---@class pipe.PlannedJob
---@field name string the job's name
---@field stage string its stage
---@field when string? "on_success", "manual", ...
---@field needs string[]? names of the jobs that it waits for; nil: all of the stages before
---@field environment string? where it deploys to

---Which of the graph: all that is said must hold.
---@class pipe.PlannedJobFilter
---@field name? string the job's name
---@field stage? string its stage
---@field when? string "on_success", "manual", ...
---@field environment? string where it deploys to
---@field limit? integer so many at the most

---@class pipe.PlannedJobRows: pipe.Rows
---@field list fun(self: pipe.PlannedJobRows, limit?: integer): pipe.PlannedJob[] the rows as a list
---@field first fun(self: pipe.PlannedJobRows): pipe.PlannedJob? the first row
---@field count fun(self: pipe.PlannedJobRows): integer how many there are
---@overload fun(): pipe.PlannedJob?

---Puts a note or a link beside the job, where its results are shown.
---
---```lua
---pipe.annotate("preview", { url = "https://preview.example.com/42" })
---```
---@param label string what is shown first
---@param options? pipe.Annotation the note, the link
function pipe.annotate(label, options) end

---A number of bytes, for people.
---
---```lua
---pipe.log(pipe.bytes(12345678)) --> 12 MB
---```
---@param n number how many
---@return string # "999 B", "1.5 kB", "12 MB"
function pipe.bytes(n) end

---A point in time, taken apart.
---
---```lua
---local t = pipe.date()
---if t.wday == 6 and t.hour >= 15 then return false, "not on Friday afternoon" end
---```
---@param time? number seconds since 1970; nil: now
---@param zone? "UTC"|"local" whose clock: "UTC", or this machine's
---@return pipe.Date # the date and the time of day
function pipe.date(time, zone) end

---A number of seconds, for people.
---
---```lua
---pipe.log(pipe.duration(187)) --> 3m 07s
---```
---@param seconds number how many
---@return string # "350ms", "4.2s", "3m 07s", "2h 05m"
function pipe.duration(seconds) end

---Runs a program, in the workspace, with the job's variables. No shell stands in between.
---
---Has to be allowed: `lua: {allow: {exec: [...]}}`.
---
---Waits: other jobs and scripts go on meanwhile.
---
---```lua
---local r = assert(pipe.exec({ "helm", "list", "-o", "json" }, { timeout = 10 }))
---if not r.ok then pipe.fail(r.output) end
---local releases = pipe.json.decode(r.output)
---```
---@param argv string[] the program and its arguments
---@param options? pipe.ExecOptions how it is run
---@return pipe.ExecResult? # how it ended; nil and why where it could not be run to its end
---@return string?
function pipe.exec(argv, options) end

---Is there such a file?
---
---Has to be allowed: `lua: {allow: {read: [...]}}`.
---
---```lua
---if pipe.exists("Dockerfile") then pipe.log("there is an image to build") end
---```
---@param path string in the workspace, or absolute where that is granted
---@return boolean
function pipe.exists(path) end

---Ends the script: it has failed. No pcall catches it.
---
---```lua
---if not ctx.vars.VERSION then pipe.fail("VERSION is not set") end
---```
---@param reason any why
function pipe.fail(reason) end

---Adds a finding to the run's evidence.
---
---```lua
---pipe.finding { message = "no owner", rule = "owners", path = "services/pay/service.yml", line = 1, severity = "low" }
---```
---@param finding pipe.FindingOptions what was found
function pipe.finding(finding) end

---Files of the workspace whose paths match.
---
---```lua
---for _, path in ipairs(pipe.glob("services/*/service.yml")) do pipe.log(path) end
---```
---@param pattern string `*` and `?` inside of a directory, `**` through any number of them, `{a,b}`, `[a-z]`
---@return string[] # paths, sorted
function pipe.glob(pattern) end

---Does a path match a pattern?
---
---```lua
---if pipe.glob_match("docs/**", path) then return end
---```
---@param pattern string as in pipe.glob
---@param path string a relative path
---@return boolean
function pipe.glob_match(pattern, path) end

---Sends a request over HTTP.
---
---Has to be allowed: `lua: {allow: {http: [...]}}`.
---
---Waits: other jobs and scripts go on meanwhile.
---
---```lua
---local reply, why = pipe.http("https://api.example.com/approvals", {
---  headers = { Authorization = "Bearer " .. ctx.vars.API_TOKEN },
---  json = { run = ctx.run.number },
---})
---if not reply then return false, why end
---return reply.ok and reply.json().approved == true
---```
---@param url string https:// or http://
---@param options? pipe.HttpOptions what is sent
---@return pipe.HttpReply? # the reply, whatever its status; nil and why without one
---@return string?
function pipe.http(url, options) end

---Says something in the job's log: the values as text, with tabs between. `print` does the same.
---
---```lua
---pipe.log("jobs so far:", ctx.graph():count())
---```
---@param ... any values
function pipe.log(...) end

---Adds a metric to the run's evidence.
---
---```lua
---pipe.metric("bundle_bytes", #text, { unit = "bytes", labels = { file = "app.js" } })
---```
---@param name string letters, digits, `_`, `.`, `-`
---@param value number its value
---@param options? pipe.MetricOptions unit, labels
function pipe.metric(name, value, options) end

---Tells a chat, a webhook or a mail server.
---
---Has to be allowed: `lua: {allow: {http: [...]}}`.
---
---Waits: other jobs and scripts go on meanwhile.
---
---```lua
---local ok, why = pipe.notify { slack = ctx.vars.CHAT_URL, text = "deployed " .. ctx.run.sha }
---if not ok then pipe.warn(why) end
---```
---@param message pipe.SlackMessage|pipe.WebhookMessage|pipe.MailMessage whom, and what
---@return boolean? # true; nil and why where it could not be told
---@return string?
function pipe.notify(message) end

---What time is it?
---
---```lua
---local age = pipe.now() - ctx.run.started
---```
---@return number # seconds since 1970
function pipe.now() end

---The text of a file of the workspace.
---
---Has to be allowed: `lua: {allow: {read: [...]}}`.
---
---```lua
---local text = assert(pipe.read("VERSION"))
---```
---@param path string in the workspace, or absolute where that is granted
---@return string? # the text, at most 16 MiB; nil and why where it cannot be read
---@return string?
function pipe.read(path) end

---Which of two severities is worse?
---
---```lua
---if pipe.severity(finding.severity, "high") >= 0 then bad[#bad + 1] = finding end
---```
---@param a string "high"
---@param b string "medium"
---@return integer # 1: a, -1: b, 0: they are the same
function pipe.severity(a, b) end

---Waits.
---
---Waits: other jobs and scripts go on meanwhile.
---
---```lua
---pipe.sleep(1.5)
---```
---@param seconds number how long, as far as the script's time goes
function pipe.sleep(seconds) end

---The version of `pipe`.
---
---```lua
---pipe.log(pipe.version())
---```
---@return string # "0.1.0"
function pipe.version() end

---Says something in the job's log, as a warning.
---
---```lua
---pipe.warn("no baseline:", ctx.no_baseline)
---```
---@param ... any values
function pipe.warn(...) end

---Marks a table as a list, so that an empty one is written as `[]`.
---
---```lua
---pipe.json.encode({ tags = pipe.json.array(tags) })
---```
---@param t? table nil: a new one
---@return table # the table
function pipe.json.array(t) end

---JSON text as a value. null is pipe.json.null.
---
---```lua
---local config, why = pipe.json.decode(pipe.read("config.json"))
---if not config then pipe.fail(why) end
---```
---@param text string JSON
---@return any # the value; nil and what is wrong, with line and column
---@return string?
function pipe.json.decode(text) end

---A value as JSON text, its keys sorted. An empty table is `[]`.
---
---```lua
---pipe.log(pipe.json.encode({ run = ctx.run.number }, { pretty = true }))
---```
---@param value any tables of texts, numbers, booleans and tables
---@param options? pipe.JsonOptions how
---@return string
function pipe.json.encode(value, options) end

---Marks a table as an object, so that an empty one is written as `{}`.
---
---```lua
---pipe.json.encode({ labels = pipe.json.object() })
---```
---@param t? table nil: a new one
---@return table # the table
function pipe.json.object(t) end

---YAML text (one document) as a value, read as pipeline files are: by YAML 1.1, members without a value are not there.
---
---```lua
---local service = pipe.yaml.decode(pipe.read("service.yml"))
---```
---@param text string YAML
---@return any # the value; nil and what is wrong, with line and column
---@return string?
function pipe.yaml.decode(text) end

---A value as YAML text.
---
---```lua
---pipe.log(pipe.yaml.encode({ stages = { "build", "test" } }))
---```
---@param value any tables of texts, numbers, booleans and tables
---@return string
function pipe.yaml.encode(value) end

---Everything that scripts can see.
---@type pipe.Context
ctx = nil

---Functions of the program that `pipe` is embedded in, where it has registered some (docs/embedding.md); nil otherwise.
---@type table<string, function>
host = nil

