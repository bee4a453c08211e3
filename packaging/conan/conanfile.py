import re
from pathlib import Path

from conan import ConanFile
from conan.errors import ConanInvalidConfiguration
from conan.tools.files import copy, load, rm

required_conan_version = ">=2.0"


class BoomiAuth(ConanFile):
    name = "boomi-auth"
    description = "Signs in to Boomi and stays signed in: passwords, API tokens, one-time codes and JWTs"
    license = "MIT OR Apache-2.0"
    topics = ("boomi", "authentication", "jwt")
    package_type = "library"
    settings = "os", "arch", "compiler", "build_type"
    options = {"shared": [True, False], "keychain": [True, False], "redis": [True, False]}
    default_options = {"shared": True, "keychain": False, "redis": False}

    @property
    def _root(self):
        return Path(self.recipe_folder).parents[1]

    def set_version(self):
        manifest = load(self, self._root / "Cargo.toml")
        self.version = re.search(r'^\[workspace\.package\]\nversion = "(.*)"', manifest, re.MULTILINE)[1]

    def export_sources(self):
        # The workspace is read as a whole, so its other members come along, without what is built in them.
        parts = ("Cargo.*", "build.rs", "Makefile", "LICENSE-*", "src/*", "include/*")
        members = ("bindings/c/*", "bindings/cmake/*", "bindings/cli/*", "tests/emulator/*", "tests/suite/*", "tests/store/*")
        for pattern in parts + members:
            copy(self, pattern, self._root, self.export_sources_folder, excludes="*/target/*")

    def validate(self):
        if self.settings.os != "Linux":
            raise ConanInvalidConfiguration("Linux alone, for now")

    def configure(self):
        # It is Rust inside, and C outside.
        self.settings.rm_safe("compiler.cppstd")
        self.settings.rm_safe("compiler.libcxx")

    def package_id(self):
        del self.info.settings.compiler

    def _install(self, folder):
        features = ",".join(name for name in ("keychain", "redis") if self.options.get_safe(name))
        profile = "dev" if self.settings.build_type == "Debug" else "release"
        self.run(f"make install PROFILE={profile} FEATURES={features} PREFIX='{folder}'", cwd=self.source_folder)

    def package(self):
        # Conan's own build folder is not used: cargo has its own.
        self._install(self.package_folder)
        rm(self, "*.a" if self.options.shared else "*.so*", Path(self.package_folder) / "lib")
        copy(self, "LICENSE-*", self.source_folder, Path(self.package_folder) / "licenses")

    def package_info(self):
        self.cpp_info.libs = ["boomi_auth"]
        self.cpp_info.set_property("cmake_file_name", "BoomiAuth")
        self.cpp_info.set_property("cmake_target_name", "BoomiAuth::BoomiAuth")
        self.cpp_info.set_property("pkg_config_name", "boomi_auth")
        if not self.options.shared:
            self.cpp_info.system_libs = ["gcc_s", "util", "rt", "pthread", "m", "dl", "c"]
