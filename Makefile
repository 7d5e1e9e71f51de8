# Thin, for developers. `make build` leaves the program at build/grange.
BUILD ?= build

.PHONY: build unit soak bench install format check
build: $(BUILD)/build.ninja
	cmake --build $(BUILD)

$(BUILD)/build.ninja:
	cmake -S . -B $(BUILD) -G Ninja

unit: build
	ctest --test-dir $(BUILD) --output-on-failure -L unit

soak: build
	tests/soak/run

bench: build
	bench/run

install: build
	cmake --install $(BUILD)

format:
	git ls-files 'src/*.h' 'src/*.cc' 'tests/*.cc' 'bench/*.cc' | xargs clang-format -i

check:
	tools/check
