# What the example builds if no file is given: two targets can't be made, all that doesn't need them is made.
lexer: ; echo lexing
parser: lexer ; echo parsing
types: parser ; echo checking
optimizer: types ; echo optimizing
binary: optimizer runtime ; echo linking
runtime: ; echo compiling the runtime
pictures: ; echo 'dot: not found' >&2; exit 127
manual: pictures parser ; echo typesetting
tests: binary ; echo '1 of 40 tests failed' >&2; exit 1
package: binary manual tests ; echo packing
