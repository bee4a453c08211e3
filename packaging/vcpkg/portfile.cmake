# OWNER and the checksum are the release's. cargo, 1.88 or newer, is the user's own: vcpkg has none.
vcpkg_from_github(
    OUT_SOURCE_PATH SOURCE_PATH
    REPO OWNER/boomi-auth
    REF "v${VERSION}"
    SHA512 0
    HEAD_REF main
)
find_program(CARGO cargo PATHS "$ENV{HOME}/.cargo/bin" REQUIRED)
find_program(MAKE make REQUIRED)

set(features)
foreach(feature IN ITEMS keychain redis)
    if(feature IN_LIST FEATURES)
        list(APPEND features ${feature})
    endif()
endforeach()
list(JOIN features "," features)

# The release is good for both of vcpkg's configurations: what differs in a debug build is inside the library alone.
foreach(prefix "${CURRENT_PACKAGES_DIR}" "${CURRENT_PACKAGES_DIR}/debug")
    vcpkg_execute_required_process(
        COMMAND "${MAKE}" install "CARGO=${CARGO}" "PREFIX=${prefix}" "FEATURES=${features}"
        WORKING_DIRECTORY "${SOURCE_PATH}"
        LOGNAME "install-${TARGET_TRIPLET}"
    )
    if(VCPKG_LIBRARY_LINKAGE STREQUAL "static")
        file(GLOB unwanted "${prefix}/lib/libboomi_auth.so*")
    else()
        set(unwanted "${prefix}/lib/libboomi_auth.a")
    endif()
    file(REMOVE ${unwanted})
endforeach()

vcpkg_cmake_config_fixup(PACKAGE_NAME BoomiAuth CONFIG_PATH lib/cmake/BoomiAuth)
vcpkg_fixup_pkgconfig()
file(REMOVE_RECURSE "${CURRENT_PACKAGES_DIR}/debug/include")
vcpkg_install_copyright(FILE_LIST "${SOURCE_PATH}/LICENSE-MIT" "${SOURCE_PATH}/LICENSE-APACHE")
