module example.com/shop // the shop

go 1.20

require (
	example.com/local v1.0.0
	example.com/moved v1.1.0
	"example.com/quoted" v1.2.0
	example.com/pinned v1.3.0
	example.com/indirect v0.1.0 // indirect
)

exclude example.com/pinned v1.2.9

replace example.com/local => ./local

replace (
	example.com/moved v1.1.0 => example.com/fork v2.0.0+incompatible
	example.com/pinned v1.9.9 => example.com/never v1.0.0
)
retract [v1.0.0, v1.9.0]
