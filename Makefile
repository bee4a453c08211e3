# Targets for people. Each is short enough to read; `make help` lists them.

PREFIX  ?= /usr/local
LIBDIR  ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
DESTDIR ?=
# What is installed is built with the profile `release`; tests of the installation take `dev`, which is there already.
PROFILE ?= release
# Of the C library: keychain, redis, both with a comma between, or none.
FEATURES ?=
CARGO   ?= cargo
CC      ?= cc
CFLAGS  ?= -O2 -Wall -Wextra
PYTHON  ?= python3
MVN     ?= mvn

VERSION := $(shell sed -n '/^\[workspace.package\]/,/^\[/s/^version = "\(.*\)"/\1/p' Cargo.toml)
ABI     := $(basename $(VERSION))
TARGET  := $(or $(CARGO_TARGET_DIR),target)
BUILT   := $(TARGET)/$(if $(filter dev,$(PROFILE)),debug,$(PROFILE))
DEV     := $(TARGET)/debug
# One set of features, so that cargo builds the core once for the lints and once for the tests.
WHOLE   := --locked --workspace --features boomi-auth/capi
# The tests have built one, and name it.
EMULATOR := $(or $(BOOMI_EMULATOR),$(DEV)/boomi-emulator)
VENV    := $(TARGET)/python/venv
JAVA    := $(TARGET)/java
JAR     := $(JAVA)/boomi-auth-$(VERSION).jar

.PHONY: help demo emulator demo-python demo-java python python-wheels java check test test-all setup fmt lint doc docs header semver fuzz harden \
  soak soak-requests soak-hours bench install uninstall clean wheels java-all cross deny sbom vendored workflows deb packages

help: ## this list
	@for list in 'People:check|test|test-all|demo' 'Use:install|uninstall|python|java|demo-python|demo-java' \
	  'Change:setup|fmt|lint|doc|header|clean' 'Look harder:fuzz|harden|soak|soak-requests|soak-hours|bench|semver|workflows' \
	  'Release:deny|sbom|vendored|docs|wheels|python-wheels|java-all|cross|deb|packages'; do \
	  echo "$${list%%:*}:"; sed -nE "s/^($${list#*:}):.*## (.*)/  \1\t\2/p" $(MAKEFILE_LIST) | expand -t 18; done

demo: emulator ## the main job, in C against the emulator: sign in, get a JWT, fetch records
	$(CARGO) build --locked -p boomi-auth-c
	$(CC) $(CFLAGS) -Iinclude examples/c/quickstart.c -o $(DEV)/quickstart-c -L$(DEV) -lboomi_auth -Wl,-rpath,$(abspath $(DEV))
	@echo
	@tests/emulator/with-emulator.sh $(EMULATOR) $(DEV)/quickstart-c

emulator:
	$(if $(BOOMI_EMULATOR),,$(CARGO) build --locked -p boomi-emulator)

python: ## the Python package: an abi3 wheel, installed into a virtual environment
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "Python 3.10 or later is needed: make python PYTHON=python3.13")'
	test -x $(VENV)/bin/maturin || $(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install -q --disable-pip-version-check -c bindings/python/requirements-dev.txt maturin
	rm -rf $(TARGET)/python/wheels
	CARGO_TARGET_DIR='$(abspath $(TARGET))' $(VENV)/bin/maturin build --profile $(PROFILE) -m bindings/python/Cargo.toml \
	  -i $(VENV)/bin/python -o $(TARGET)/python/wheels
	$(VENV)/bin/pip install -q --disable-pip-version-check --no-index --force-reinstall $(TARGET)/python/wheels/*.whl
	@$(VENV)/bin/python -c 'import boomi_auth; print("installed:", boomi_auth.__version__, boomi_auth.__file__)'
	@echo 'to use it: . $(VENV)/bin/activate'

python-wheels: python ## that wheel, and beside it one for CPython 3.15 and later, also free-threaded
	CARGO_TARGET_DIR='$(abspath $(TARGET))' $(VENV)/bin/maturin build --release -m bindings/python/Cargo.toml \
	  --no-default-features --features abi3t -i python3.15t -o $(TARGET)/python/wheels

wheels: ## wheels for manylinux2014 and musllinux, x86_64 and aarch64, into target/cross/wheels
	PROFILE=$(PROFILE) bindings/cross/wheels.sh

demo-python: python emulator ## the same in Python, with the wheel in its environment
	@echo
	@tests/emulator/with-emulator.sh $(EMULATOR) $(VENV)/bin/python examples/python/quickstart.py

java: ## the Java package: one jar for Java 8 and later, its sources and javadoc; and the JUnit 5 extension. TRAINED=yes makes it as releases are, faster
	$(if $(TRAINED),NATIVE_PROFILE=$$(bindings/java/native/train.sh $(JAVA)/training) && export NATIVE_PROFILE &&) \
	CARGO_TARGET_DIR='$(abspath $(TARGET))' PROFILE=$(PROFILE) $(MVN) -q -B -f bindings/java verify -pl boomi-auth,boomi-auth-junit5
	mkdir -p $(JAVA)
	cp bindings/java/boomi-auth/target/*.jar bindings/java/boomi-auth-junit5/target/*.jar $(JAVA)/
	@ls -1 $(JAVA)/*.jar

java-all: java ## that jar with the native library of every platform, into target/java/all; what it needs is in target/cross
	$(if $(TRAINED),NATIVE_PROFILE=$$(ls $(abspath $(JAVA))/training/*.profdata)) PROFILE=$(PROFILE) bindings/cross/natives.sh $(JAVA)/natives
	mkdir -p $(JAVA)/all
	cp $(JAR) $(JAVA)/all/
	jar --update --date 2026-01-01T00:00:00Z --file $(JAVA)/all/$(notdir $(JAR)) -C $(JAVA)/natives native
	@tests/java/platforms.sh $(JAVA)/all/$(notdir $(JAR))

demo-java: java emulator ## the same in Java, through JNI and through java.lang.foreign
	mkdir -p $(JAVA)/examples
	javac --release 8 -Xlint:-options -cp $(JAR) -d $(JAVA)/examples examples/java/Quickstart.java
	@java=$$(tests/java/runtimes.sh $(JAVA)/runtimes 25) && for backend in jni ffm; do echo; \
	  tests/emulator/with-emulator.sh $(EMULATOR) "$${java#*=}/bin/java" --enable-native-access=ALL-UNNAMED \
	    -Dboomi.auth.backend=$$backend -cp $(JAR):$(JAVA)/examples Quickstart || exit 1; done

check: lint ## the inner loop, a minute: formatting, lints, unit tests without simulations and models
	$(CARGO) fmt --all --check
	$(CARGO) test $(WHOLE) --lib -- --skip client::simulated --skip tests::sim --skip model::

test: ## everything that a change can break, once, in every language; ten minutes
	@WHOLE='$(WHOLE)' scripts/run.sh test

test-all: ## the rest: valgrind, each compiler, Python and Java, simulations, models, fuzzing, installation; 25 minutes
	@WHOLE='$(WHOLE)' scripts/run.sh test-all

setup: ## installs what `make test` needs beside Rust, where it is missing (Debian)
	@scripts/setup.sh

fmt: ## formats the Rust code
	$(CARGO) fmt --all

lint: ## clippy on everything, warnings are errors; and whether include/boomi_auth.h is what src/capi says
	BOOMI_HEADER=check $(CARGO) clippy $(WHOLE),boomi-auth/header --all-targets -- -D warnings

doc: ## the documentation of the Rust API, warnings are errors
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc $(WHOLE) --no-deps

docs: ## the site out of README, the guides and the references of each language, with its links followed; needs doxygen
	@docs/build.sh

header: ## writes include/boomi_auth.h anew out of src/capi
	BOOMI_HEADER=write $(CARGO) check --locked -p boomi-auth --features header

semver: ## the Rust API beside that of the last tag, or of BASELINE=REVISION: what went or changed needs another version
	test -x $(TARGET)/tools/bin/cargo-semver-checks || $(CARGO) install --locked --root $(TARGET)/tools cargo-semver-checks
	base=$${BASELINE:-$$(git describe --tags --abbrev=0)} && PATH='$(abspath $(TARGET))/tools/bin':$$PATH $(CARGO) semver-checks \
	  -p boomi-auth --baseline-rev "$$base" --default-features --features keychain

fuzz: ## what arrives from outside, fed with whatever, SECONDS for each SUBJECT of src/tests/fuzzing.rs and c_api
	@tests/fuzz/run.sh $(or $(SECONDS),20) $(SUBJECT)

harden: ## Miri, AddressSanitizer, ThreadSanitizer, coverage, mutants: all, or PART; hours, and scripts/harden.sh says what it needs
	@scripts/harden.sh $(PART)

soak: ## simulated days of faults by the thousand, for as long as an hour
	SOAK_DAYS=5000 $(CARGO) test --locked -p boomi-auth --lib whatever_goes_wrong_by_chance

soak-requests: ## a minute of 32 threads on one client, beside a server that goes wrong
	SOAK_SECONDS=60 $(CARGO) test --locked -p boomi-auth --test process -- --nocapture soak::

soak-hours: ## two hours of everything at once, under a clock that is set, and its curves: benches/soak.svg (needs faketime, python3)
	@tests/process/soak/hours.sh $(or $(SECONDS),7200) benches/soak.svg

bench: ## everything beside libcurl, OpenSSL, and what Python's and Java's users take, into benches/RESULTS.md; asks PyPI and Maven Central
	@benches/run.sh

deny: ## licences, sources, duplicates and known weaknesses of the crates that are linked, by cargo-deny
	@scripts/deny.sh

sbom: ## bills of materials of the C library and the command, by cargo-cyclonedx
	@scripts/sbom.sh

vendored: ## a build of crates that were copied into a folder, without a network
	@scripts/vendored.sh

workflows: ## reads the forge's workflows, by actionlint; needs Go
	@scripts/workflows.sh

deb: ## the Debian packages; needs debhelper
	@PROFILE=$(PROFILE) packaging/deb.sh

packages: ## checks the packages: lintian, programs linked with them, Conan, and what else has a tool; after `make deb`
	@packaging/check.sh

install: ## the C library, headers, pkg-config and CMake files into PREFIX
	$(CARGO) build --locked --profile $(PROFILE) -p boomi-auth-c --features '$(FEATURES)'
	install -d "$(DESTDIR)$(LIBDIR)/pkgconfig" "$(DESTDIR)$(LIBDIR)/cmake/BoomiAuth" "$(DESTDIR)$(INCLUDEDIR)"
	install -m 644 include/boomi_auth.h include/boomi_auth.hpp "$(DESTDIR)$(INCLUDEDIR)/"
	install -m 644 $(BUILT)/libboomi_auth.a "$(DESTDIR)$(LIBDIR)/"
	install -m 755 $(BUILT)/libboomi_auth.so "$(DESTDIR)$(LIBDIR)/libboomi_auth.so.$(VERSION)"
	ln -sf libboomi_auth.so.$(VERSION) "$(DESTDIR)$(LIBDIR)/libboomi_auth.so.$(ABI)"
	ln -sf libboomi_auth.so.$(ABI) "$(DESTDIR)$(LIBDIR)/libboomi_auth.so"
	sed -e 's|@VERSION@|$(VERSION)|' \
	  -e "s|@PREFIX@|$$(realpath -m --relative-to='$(LIBDIR)/pkgconfig' '$(PREFIX)')|" \
	  -e "s|@INCLUDEDIR@|$$(realpath -m --relative-to='$(PREFIX)' '$(INCLUDEDIR)')|" \
	  bindings/c/boomi_auth.pc.in > "$(DESTDIR)$(LIBDIR)/pkgconfig/boomi_auth.pc"
	ln -sf boomi_auth.pc "$(DESTDIR)$(LIBDIR)/pkgconfig/boomi-auth.pc"
	for file in Config ConfigVersion; do \
	  sed -e 's|@VERSION@|$(VERSION)|' -e 's|@ABI@|$(ABI)|' \
	    -e "s|@INCLUDEDIR@|$$(realpath -m --relative-to='$(LIBDIR)' '$(INCLUDEDIR)')|" \
	    -e "s|@LIBS@|$$(sed -n 's/^Libs.private: //p' bindings/c/boomi_auth.pc.in | tr ' ' ';')|" \
	    bindings/cmake/BoomiAuth$$file.cmake.in > "$(DESTDIR)$(LIBDIR)/cmake/BoomiAuth/BoomiAuth$$file.cmake" || exit 1; \
	done

cross: ## the C library for TARGET, or for all of bindings/cross/README.md, with the C suite run on it
# Given on the command line, TARGET is that; else it is a directory.
	PROFILE=$(PROFILE) bindings/cross/library.sh $(if $(filter command,$(origin TARGET)),$(TARGET))

uninstall: ## removes what `make install` with the same PREFIX put there
	rm -f "$(DESTDIR)$(INCLUDEDIR)"/boomi_auth.h "$(DESTDIR)$(INCLUDEDIR)"/boomi_auth.hpp
	rm -rf "$(DESTDIR)$(LIBDIR)/cmake/BoomiAuth"
	rm -f "$(DESTDIR)$(LIBDIR)"/pkgconfig/boomi?auth.pc
	rm -f "$(DESTDIR)$(LIBDIR)/libboomi_auth.a" "$(DESTDIR)$(LIBDIR)"/libboomi_auth.so "$(DESTDIR)$(LIBDIR)"/libboomi_auth.so.$(ABI)*

clean: ## removes what was built
	$(CARGO) clean
	rm -rf bindings/java/*/target
