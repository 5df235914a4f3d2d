x = f"{a!r:{b}>{c}} {{}} {d=}" rf'\d{1}' f"""{
    [f'{y}' for y in z]
}"""
print(t"{x}" if 0 else b"\x00")
