#include "sim/kafka/quota_value.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

#include "sim/base/described.h"

namespace sim {
namespace {

struct Printed {
  const char* text;
  std::uint64_t bits;
  const char* java;  // Double.toString of Java 17.0.15
};

// Among them values that Java 17 prints longer than need be, and such whose last digit it gets wrong.
constexpr Printed kPrinted[] = {
    {"0", 0x0, "0.0"},
    {"-0.0", 0x8000000000000000, "-0.0"},
    {"1", 0x3ff0000000000000, "1.0"},
    {"1048576", 0x4130000000000000, "1048576.0"},
    {"1.0E7", 0x416312d000000000, "1.0E7"},
    {"9999999.999", 0x416312cffff7ced9, "9999999.999"},
    {"9999999", 0x416312cfe0000000, "9999999.0"},
    {"10000000", 0x416312d000000000, "1.0E7"},
    {"0.001", 0x3f50624dd2f1a9fc, "0.001"},
    {"9.99E-4", 0x3f505e1c15097c81, "9.99E-4"},
    {"2.0E-3", 0x3f60624dd2f1a9fc, "0.002"},
    {"1.0E23", 0x44b52d02c7e14af6, "9.999999999999999E22"},
    {"2.0E23", 0x44c52d02c7e14af6, "1.9999999999999998E23"},
    {"8.41E21", 0x447c7e83209e90b2, "8.409999999999999E21"},
    {"5.684341886080802E-14", 0x3d30000000000000, "5.6843418860808015E-14"},
    {"4.9E-324", 0x1, "4.9E-324"},
    {"2.2250738585072014E-308", 0x10000000000000, "2.2250738585072014E-308"},
    {"1.7976931348623157E308", 0x7fefffffffffffff, "1.7976931348623157E308"},
    {"9007199254740993", 0x4340000000000000, "9.007199254740992E15"},
    {"123456789012345680", 0x437b69b4ba630f35, "1.2345678901234568E17"},
    {"9223372036854775807", 0x43e0000000000000, "9.223372036854776E18"},
    {"1.8446744073709552E19", 0x43f0000000000000, "1.8446744073709552E19"},
    {"0.1", 0x3fb999999999999a, "0.1"},
    {"0.30000000000000004", 0x3fd3333333333334, "0.30000000000000004"},
    {"12.5", 0x4029000000000000, "12.5"},
    {"33.333333333333336", 0x4040aaaaaaaaaaab, "33.333333333333336"},
    {"1024000.5", 0x412f400100000000, "1024000.5"},
    {"100", 0x4059000000000000, "100.0"},
    {"3.0E10", 0x421bf08eb0000000, "3.0E10"},
    {"1e15", 0x430c6bf526340000, "1.0E15"},
    {"1e16", 0x4341c37937e08000, "1.0E16"},
    {"1e17", 0x4376345785d8a000, "1.0E17"},
    {"1e18", 0x43abc16d674ec800, "1.0E18"},
    {"2147483647", 0x41dfffffffc00000, "2.147483647E9"},
    {"4294967296", 0x41f0000000000000, "4.294967296E9"},
    {"-1.5", 0xbff8000000000000, "-1.5"},
    {"2.0E-44", 0x36dc8b8218854567, "2.0E-44"},
    {"1.1E-5", 0x3ee711947cfa26a2, "1.1E-5"},
    {"1.0E-5", 0x3ee4f8b588e368f1, "1.0E-5"},
    {"99.99", 0x4058ff5c28f5c28f, "99.99"},
    {"5e-3", 0x3f747ae147ae147b, "0.005"},
};

TEST(QuotaValue, PrintsWhatJava17Prints) {
  for (const Printed& row : kPrinted) {
    EXPECT_EQ(QuotaValue::from_bits(row.bits).describe(), row.java) << row.text;
    EXPECT_EQ(QuotaValue::parse(row.text), QuotaValue::from_bits(row.bits)) << row.text;
  }
  EXPECT_EQ(QuotaValue::from_bits(0x7ff8000000000000).describe(), "NaN");
  EXPECT_EQ(QuotaValue::from_bits(0xfff0000000000000).describe(), "-Infinity");
}

struct Parsed {
  const char* text;
  const char* bits;  // of Java's Double.parseDouble; "none": NumberFormatException
};
constexpr Parsed kParsed[] = {
    {"1e400", "7ff0000000000000"},
    {"-1e-400", "8000000000000000"},
    {"0x1p3", "4020000000000000"},
    {"1d", "3ff0000000000000"},
    {"1f", "3ff0000000000000"},
    {"1e", "none"},
    {"", "none"},
    {".5", "3fe0000000000000"},
    {"5.", "4014000000000000"},
    {"+3", "4008000000000000"},
    {"0x.8p1", "3ff0000000000000"},
    {" 7 ", "401c000000000000"},
    {"1e5000", "7ff0000000000000"},
    {"0e5000", "0"},
    {"1_000", "none"},
    {"infinity", "none"},
    {"0x1.8", "none"},
    {"NaNd", "none"},
    {"-NaN", "7ff8000000000000"},
    {"+Infinity", "7ff0000000000000"},
    {"Infinityd", "none"},
    {"1e-5000d", "0"},
    {"0.000e9", "0"},
    {"--1", "none"},
    {"+-1", "none"},
    {"1e+3", "408f400000000000"},
    {"1E3D", "408f400000000000"},
    {"0x1p3f", "4020000000000000"},
    {"0x", "none"},
    {"0xp1", "none"},
    {"e5", "none"},
    {".", "none"},
    {"1e5.", "none"},
    {"inf", "none"},
    {"nan", "none"},
    {"0x1P-2000", "0"},
    {"0x1p2000", "7ff0000000000000"},
    {"00001", "3ff0000000000000"},
    {"1 2", "none"},
    {"\t9\n", "4022000000000000"},
    {"1dd", "none"},
    {"000000000000000000000000000.1e-400", "0"},
    {"1000000000000000000000000000000e-400", "0"},
    {"0.0000000000000000000000000001e420", "7ff0000000000000"},
    {"0.0000000000000000000000000000000001e1000", "7ff0000000000000"},
};

TEST(QuotaValue, ReadsWhatJavaReads) {
  for (const Parsed& row : kParsed) {
    const auto value = QuotaValue::parse(row.text);
    EXPECT_EQ(value ? fmt::format("{:x}", value->bits()) : "none", row.bits) << row.text;
  }
}

TEST(QuotaValue, IsEqualByBits) {
  EXPECT_NE(QuotaValue(0.0), QuotaValue(-0.0));
  EXPECT_EQ(QuotaValue::from_bits(0x7ff8000000000000), QuotaValue::from_bits(0x7ff8000000000000));
  EXPECT_EQ(describe_value(QuotaValue(1048576.0)), "1048576.0");
}

RC_GTEST_PROP(QuotaValue, WhatIsPrintedReadsBackAsTheSameBits, (std::uint64_t bits)) {
  const QuotaValue value = QuotaValue::from_bits(bits);
  RC_PRE(value.describe() != "NaN");
  RC_ASSERT(QuotaValue::parse(value.describe()) == value);
}

}  // namespace
}  // namespace sim
