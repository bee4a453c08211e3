#!/bin/sh
# Runs a command with an environment that points at a fresh emulator: with-emulator.sh EMULATOR COMMAND [ARGUMENT...]
set -eu
emulator=$1
shift
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
mkfifo "$dir/stdin" "$dir/ready"
"$emulator" <"$dir/stdin" >"$dir/ready" &
# The emulator ends when its standard input closes: with this script, however it ends.
exec 9>"$dir/stdin"
read -r ready <"$dir/ready" || { echo "the emulator did not start" >&2; exit 1; }
field() { printf '%s\n' "$ready" | sed -n "s/.*\"$1\":\"\\([^\"]*\\)\".*/\\1/p"; }

# The users and accounts are the emulator's own: see its README.
BOOMI_API_URL=$(field base_url) BOOMI_CA_FILE=$(field ca_pem_path) BOOMI_EMULATOR_CONTROL_URL=$(field control_url)
export BOOMI_API_URL BOOMI_CA_FILE BOOMI_EMULATOR_CONTROL_URL
export BOOMI_ACCOUNT_ID=account123 BOOMI_USERNAME=user@example.com BOOMI_API_TOKEN=11111111-aaaa-4bbb-8ccc-000000000001
export QUICKSTART_2FA_USERNAME=twofa@example.com QUICKSTART_2FA_PASSWORD=twofa-password
export QUICKSTART_2FA_OTP_SECRET=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ QUICKSTART_SUB_ACCOUNT=subaccount456
# Nothing that is set outside may send a loopback request elsewhere, or choose another user.
unset BOOMI_PASSWORD BOOMI_PASSWORD_FILE BOOMI_API_TOKEN_FILE BOOMI_OTP_SECRET BOOMI_OTP_SECRET_FILE BOOMI_TIMEOUT BOOMI_CONNECT_TIMEOUT
export NO_PROXY=localhost,127.0.0.1 no_proxy=localhost,127.0.0.1

"$@"
