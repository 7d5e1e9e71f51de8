{ makePackage, calc, tally, stats }:

makePackage {
  pname = "report";
  version = "1.0";
  src = ../src/report;
  inherit calc tally stats;
  meta.description = "A shell script that reports on texts with the other programs";
}
