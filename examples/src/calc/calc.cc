// Evaluates arithmetic expressions, one per line or argument. See calc.md.
#include <cmath>
#include <cstdio>
#include <iostream>
#include <map>
#include <stdexcept>
#include <string>

namespace {

class Calculator {
 public:
  double evaluate(const std::string& text) {
    text_ = text;
    at_ = 0;
    depth_ = 0;
    skip_spaces();
    const double value = assignment();
    if (at_ != text_.size()) fail("something follows the expression");
    variables_["ans"] = value;
    return value;
  }

 private:
  [[noreturn]] void fail(const std::string& why) const {
    throw std::runtime_error(why + " at column " + std::to_string(at_ + 1));
  }

  void skip_spaces() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_]))) ++at_;
  }

  bool take(char c) {
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    skip_spaces();
    return true;
  }

  std::string take_name() {
    std::string name;
    while (at_ < text_.size() && std::isalpha(static_cast<unsigned char>(text_[at_]))) {
      name += text_[at_++];
    }
    skip_spaces();
    return name;
  }

  // name '=' sum, or sum
  double assignment() {
    const std::size_t begin = at_;
    const std::string name = take_name();
    if (!name.empty() && take('=')) return variables_[name] = sum();
    at_ = begin;
    return sum();
  }

  double sum() {
    if (++depth_ > 200) fail("too many parentheses");
    double value = product();
    while (true) {
      if (take('+')) {
        value += product();
      } else if (take('-')) {
        value -= product();
      } else {
        --depth_;
        return value;
      }
    }
  }

  double product() {
    double value = signed_power();
    while (true) {
      if (take('*')) {
        value *= signed_power();
      } else if (take('/')) {
        const double divisor = signed_power();
        if (divisor == 0) fail("division by zero");
        value /= divisor;
      } else {
        return value;
      }
    }
  }

  double signed_power() {
    bool negative = false;
    while (take('-')) negative = !negative;
    const double value = power();
    return negative ? -value : value;
  }

  // Powers group to the right: 2^3^2 is 2^9.
  double power() {
    const double base = primary();
    if (!take('^')) return base;
    if (++depth_ > 200) fail("too many powers");
    const double exponent = signed_power();
    --depth_;
    return std::pow(base, exponent);
  }

  double primary() {
    if (take('(')) {
      const double value = sum();
      if (!take(')')) fail("a ')' is missing");
      return value;
    }
    const std::string name = take_name();
    if (name.empty()) return number();
    if (take('(')) {
      const double argument = sum();
      if (!take(')')) fail("a ')' is missing");
      return call(name, argument);
    }
    const auto found = variables_.find(name);
    if (found == variables_.end()) fail("there is no '" + name + "'");
    return found->second;
  }

  double number() {
    std::size_t used = 0;
    double value = 0;
    if (at_ < text_.size() && (std::isdigit(static_cast<unsigned char>(text_[at_])) || text_[at_] == '.')) {
      try {
        value = std::stod(text_.substr(at_), &used);
      } catch (const std::exception&) {
        fail("a malformed number");
      }
    }
    if (used == 0) fail("a number is missing");
    at_ += used;
    skip_spaces();
    return value;
  }

  double call(const std::string& name, double argument) const {
    if (name == "sqrt" && argument < 0) fail("the root of a negative number");
    if (name == "sqrt") return std::sqrt(argument);
    if (name == "abs") return std::fabs(argument);
    if (name == "floor") return std::floor(argument);
    if (name == "log" && argument <= 0) fail("the logarithm of a number that is not positive");
    if (name == "log") return std::log(argument);
    fail("there is no function '" + name + "'");
  }

  std::string text_;
  std::size_t at_ = 0;
  int depth_ = 0;
  std::map<std::string, double> variables_{{"pi", 3.14159265358979323846}};
};

bool answer(Calculator& calculator, const std::string& text) {
  try {
    std::printf("%.10g\n", calculator.evaluate(text));
    return true;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "calc: %s\n", error.what());
    return false;
  }
}

}  // namespace

int main(int argc, char** argv) {
  Calculator calculator;
  bool good = true;
  for (int i = 1; i < argc; ++i) good = answer(calculator, argv[i]) && good;
  std::string line;
  while (argc == 1 && std::getline(std::cin, line)) good = answer(calculator, line) && good;
  return good ? 0 : 1;
}
