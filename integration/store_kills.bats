# Kill -9 at any moment, a full disk and a broken one leave a store that fsck calls whole. The long
# form, every call and many pairs, is tests/torture/store.

load lib

@test "commands killed at what they do to the disk leave a whole store, and work again" {
    "$TOP/tests/torture/store" calls renameat fsync/2 unlinkat/11 mkdirat/7
}

@test "S37 a disk that is full or broken at any time leaves a whole store and a clear error" {
    "$TOP/tests/torture/store" errors renameat fsync/3 mkdirat/9
}

@test "two commands at once, killed at any time, leave a whole store" {
    "$TOP/tests/torture/store" random 10
}
