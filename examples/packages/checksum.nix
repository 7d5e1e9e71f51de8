{ makePackage }:

makePackage {
  pname = "checksum";
  version = "1.1";
  src = ../src/checksum;
  meta.description = "Prints CRC-32, Adler-32 and FNV-1a of files";
}
