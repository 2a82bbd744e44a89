/*
 * Lines of a shell that reckon over what they read: `sha256:HEX`, or `bytes:COUNT` where no program there does that.
 * With `1` it is much: openssl uses what the processor has for it, which sha256sum of coreutils does not before 9.5, but
 * is slower to start. That of nothing tells that it works.
 */
export const SUM = `reckon() {
  if [ "$1" = 1 ] && command -v openssl >/dev/null; then
    case $(openssl dgst -sha256 -r </dev/null 2>/dev/null) in
      e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855*)
        x=$(openssl dgst -sha256 -r); echo "sha256:\${x%% *}"; return ;;
    esac
  fi
  if command -v sha256sum >/dev/null; then x=$(sha256sum); echo "sha256:\${x%% *}"
  else x=$(wc -c); echo "bytes:$((x))"; fi
}`;
